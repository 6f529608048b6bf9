/** Shows what a user wrote, in a message: in quotes, and not more of it than helps. */

const longest = 64;

/** Line breaks and quotes come out escaped; long texts are cut. */
export function quote(text: string): string {
  return JSON.stringify(text.length <= longest ? text : `${text.slice(0, longest)}…`);
}
