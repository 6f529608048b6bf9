/** Makes any text a valid label value, as NVIDIA's GPU Feature Discovery does. */

const longest = 63;
const hashLength = 8;

/**
 * Blanks become `-`, other characters that a label value may not hold are dropped, and what is too long is cut and
 * ends in a hash of the whole text, so that two long names stay two.
 *
 * | text                  | value                 |
 * | --------------------- | --------------------- |
 * | `esxi-a.example.com`  | the same              |
 * | `rack 7 (left)`       | `rack-7-left`         |
 * | `fe80::17`            | `fe8017`              |
 * | `主机`                | `14136da0`, its hash  |
 */
export function labelValue(text: string): string {
  const value = trimEnds(
    text
      .trim()
      .replace(/\s+/g, "-")
      .replace(/[^A-Za-z0-9._-]/g, ""),
  );
  if (value === "" && text !== "") return hash(text);
  if (value.length <= longest) return value;
  return `${trimEnds(value.slice(0, longest - hashLength - 1))}-${hash(text)}`;
}

/** A value begins and ends with a letter or digit. */
function trimEnds(text: string): string {
  return text.replace(/^[^A-Za-z0-9]+/, "").replace(/[^A-Za-z0-9]+$/, "");
}

/** FNV-1a over UTF-16 code units, 32 bit, as 8 hex digits. */
function hash(text: string): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h >>> 0).toString(16).padStart(hashLength, "0");
}
