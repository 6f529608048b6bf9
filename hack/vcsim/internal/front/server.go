// Serves the simulator's SOAP endpoint over TLS, with the failures that were asked for.

package front

import (
	"bytes"
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/url"

	"github.com/vmware/govmomi/simulator"
)

// Server is the SOAP endpoint.
type Server struct {
	Gate   *Gate
	Calls  Counter
	Faults Faults

	http *http.Server
	url  string
}

// Serve starts to answer on gate as service, to user only. It returns at once.
func Serve(gate *Gate, certificate tls.Certificate, service *simulator.Service, user *url.Userinfo) *Server {
	s := &Server{Gate: gate, url: "https://" + gate.Addr().String() + "/sdk"}
	registry := service.Context.Map
	service.RegisterSDK(registry, registry.Path+"/vimService")
	service.ServeMux.HandleFunc(registry.Path+"/vimServiceVersions.xml", service.ServiceVersions)
	service.Listen = &url.URL{Scheme: "https", Host: gate.Addr().String(), Path: registry.Path, User: user}
	registry.SessionManager().ServiceHostName = gate.Addr().String()

	s.http = &http.Server{Handler: s.intercept(service.ServeMux), ErrorLog: log.Default()}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}
	go func() { _ = s.http.Serve(tls.NewListener(gate, config)) }()
	return s
}

// URL is where the SOAP endpoint is.
func (s *Server) URL() string { return s.url }

// Close ends the endpoint and all its connections at once.
func (s *Server) Close() { _ = s.http.Close() }

// maxRequest bounds what is read of a request; a real one has some kilobytes, a long list view some megabytes.
const maxRequest = 64 << 20

// intercept counts each call and lets a fault rule answer in the simulator's place.
func (s *Server) intercept(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		call, err := parseCall(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.Calls.add(call.method)
		s.Faults.answer(w, r, call, next)
	})
}
