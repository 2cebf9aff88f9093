// What the tests use of mailauth, which brings no types.
declare module 'mailauth/lib/dkim/verify.js' {
  export function dkimVerify(
    message: Uint8Array,
    options: { resolver: (name: string, type: string) => Promise<string[][]> },
  ): Promise<{
    results: { signingDomain: string; selector: string; algo: string; status: { result: string; comment?: string } }[];
  }>;
}
