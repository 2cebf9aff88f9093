// build.mjs writes it: the module that wasm.mjs has compiled.
export declare const wasmBase64: string;
