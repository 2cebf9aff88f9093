// What a crash of the browser or the machine must not take. localStorage is written to the disk up to a minute late; this is there before it
// says so.
export class Durable {
  private database!: IDBDatabase;

  async open(): Promise<void> {
    const request = indexedDB.open('till-durable', 1);
    request.onupgradeneeded = () => void request.result.createObjectStore('kept');
    this.database = await done(request);
  }

  get<T>(name: string): Promise<T | undefined> {
    return done(this.database.transaction('kept').objectStore('kept').get(name)) as Promise<T | undefined>;
  }

  /** Undefined: it is forgotten. In the order of the calls. */
  put(name: string, value: unknown): Promise<void> {
    const transaction = this.database.transaction('kept', 'readwrite', { durability: 'strict' });
    const store = transaction.objectStore('kept');
    if (value === undefined) store.delete(name);
    else store.put(value, name);
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('there is no room to store it'));
    });
  }
}

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the storage cannot be read'));
  });
