// The wrong answers: a SOAP fault, rubbish, half an answer.

package front

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"

	"github.com/vmware/govmomi/vim25/types"
	"github.com/vmware/govmomi/vim25/xml"
)

// newFault makes a vim fault of the named type, about the called object where the type has a place for it.
func newFault(name string, c call) (types.BaseMethodFault, error) {
	kind, known := types.TypeFunc()(name)
	if !known {
		return nil, fmt.Errorf("found fault %q, want a vim25 fault such as NotAuthenticated, NoPermission or InvalidCollectorVersion", name)
	}
	value := reflect.New(kind)
	fault, ok := value.Interface().(types.BaseMethodFault)
	if !ok {
		return nil, fmt.Errorf("found fault %q, which is a type but no fault, want one such as NotAuthenticated", name)
	}
	for _, field := range []string{"Obj", "Object"} {
		setReference(value.Elem().FieldByName(field), c.this)
	}
	return fault, nil
}

func setReference(field reflect.Value, ref types.ManagedObjectReference) {
	switch {
	case !field.IsValid():
	case field.Type() == reflect.TypeOf(ref):
		field.Set(reflect.ValueOf(ref))
	case field.Type() == reflect.TypeOf(&ref):
		field.Set(reflect.ValueOf(&ref))
	}
}

func writeFault(w http.ResponseWriter, rule Rule, c call) {
	fault, err := newFault(rule.Fault, c)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var detail bytes.Buffer
	start := xml.StartElement{Name: xml.Name{Local: rule.Fault + "Fault"}, Attr: []xml.Attr{
		{Name: xml.Name{Local: "xmlns"}, Value: "urn:vim25"},
		{Name: xml.Name{Local: "xsi:type"}, Value: rule.Fault},
	}}
	if err := xml.NewEncoder(&detail).EncodeElement(fault, start); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var message bytes.Buffer
	_ = xml.EscapeText(&message, []byte(rule.Message))
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = fmt.Fprintf(w, faultEnvelope, message.String(), detail.String())
}

const faultEnvelope = xml.Header +
	`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"` +
	` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault><faultcode>ServerFaultCode</faultcode>` +
	`<faultstring>%s</faultstring><detail>%s</detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>`

func writeGarbage(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	_, _ = w.Write([]byte("<html><body><h1>Bad Gateway</h1>\x00\xff\xfe & more of it"))
}

// writeHalf announces the whole answer, sends half of it and cuts the connection.
func writeHalf(w http.ResponseWriter, r *http.Request, next http.Handler) {
	whole := httptest.NewRecorder()
	next.ServeHTTP(whole, r)
	for name, values := range whole.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(whole.Body.Len()))
	w.WriteHeader(whole.Code)
	_, _ = w.Write(whole.Body.Bytes()[:whole.Body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
