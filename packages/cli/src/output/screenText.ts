/** Control characters, among them those that begin what steers a terminal. */

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;

/** A text that somebody else wrote (a reason, a label), so that it cannot steer a screen. */
export function screenText(text: string): string {
  return text.replace(CONTROL, ' ');
}
