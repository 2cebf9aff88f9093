// What the shop sells, whole, in this browser: a snapshot of the service, then its changes. Kept in IndexedDB, searched in memory.
import type { Barcode, Category, Product, StockLevel, TaxClass, TaxRate, Tenant, Variant } from 'backend-api-client';

/** Something to sell, with all that its line needs. */
export interface Article {
  variantId: string;
  productId: string;
  categoryId: string | null;
  name: string;
  unit: string;
  byWeight: boolean;
  price: number;
  taxCode: string;
  taxRatePpm: number;
  taxInclusive: boolean;
  imageUrl: string | null;
}

interface Rows {
  tenants: Tenant;
  categories: Category;
  products: Product;
  variants: Variant;
  variant_barcodes: Barcode;
  tax_classes: TaxClass;
  tax_rates: TaxRate;
  stock_levels: StockLevel;
}
type Name = keyof Rows;
export const collections: readonly Name[] = [
  'categories',
  'products',
  'stock_levels',
  'tax_classes',
  'tax_rates',
  'tenants',
  'variant_barcodes',
  'variants',
];

/** A row as the snapshot and the changes have it. Without `d`: it is gone. */
export interface Row {
  c: string;
  id: string;
  d?: unknown;
}

/** Where the stored rows are, and how far they go. */
export interface Place {
  set: number;
  cursor: string;
  /** Whose they are; another place has other rows. */
  of: string;
}

const collator = new Intl.Collator('en', { numeric: true });
const folded = (text: string): string => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

export class Catalogue {
  private rows = empty();
  private byCode = new Map<string, Barcode>();
  private ratesOf = new Map<string, TaxRate[]>();
  private sorted: { article: Article; text: string }[] | undefined;
  private sortedFor = '';
  private database!: IDBDatabase;
  place: Place | undefined;

  async open(): Promise<void> {
    this.database = await openDatabase();
    await this.reload();
  }

  // ---- In memory ------------------------------------------------------------------------------------------------

  /** Also when another tab has stored something. */
  async reload(): Promise<void> {
    const place = await this.storedPlace();
    const stored: Row[] = place
      ? await read(this.database.transaction('rows').objectStore('rows').getAll(setRange(place.set)))
      : [];
    this.rows = empty();
    this.take(stored);
    this.place = place;
  }

  private take(rows: readonly Row[]): void {
    for (const { c, id, d } of rows) {
      const table = this.rows[c as Name] as Map<string, unknown> | undefined;
      // A collection of a later version is for a later till.
      if (d === undefined) table?.delete(id);
      else table?.set(id, d);
    }
    const { variant_barcodes: barcodes, tax_rates: rates } = this.rows;
    this.byCode = new Map([...barcodes.values()].map((row) => [row.barcode, row]));
    this.ratesOf = new Map();
    for (const rate of rates.values())
      this.ratesOf.set(rate.taxClassId, [...(this.ratesOf.get(rate.taxClassId) ?? []), rate]);
    this.sorted = undefined;
  }

  get tenant(): Tenant | undefined {
    return this.rows.tenants.values().next().value;
  }

  get categories(): Category[] {
    return [...this.rows.categories.values()].sort(
      (one, other) => one.sort - other.sort || collator.compare(one.name, other.name),
    );
  }

  article(variantId: string, day: string): Article | undefined {
    const variant = this.rows.variants.get(variantId);
    const product = variant && this.rows.products.get(variant.productId);
    if (!product || !variant.active || !product.active) return undefined;
    const taxClass = product.taxClassId ? this.rows.tax_classes.get(product.taxClassId) : undefined;
    const rate =
      taxClass &&
      this.ratesOf.get(taxClass.id)?.find(({ validFrom, validTo }) => validFrom <= day && (!validTo || day < validTo));
    return {
      variantId,
      productId: product.id,
      categoryId: product.categoryId,
      name: nameOf(product.name, variant.name),
      unit: variant.unit,
      byWeight: product.soldBy !== 'unit',
      price: variant.price,
      taxCode: taxClass && rate ? taxClass.code : '',
      taxRatePpm: rate?.ratePpm ?? 0,
      taxInclusive: rate?.inclusive ?? true,
      imageUrl: product.imageUrl,
    };
  }

  product(id: string): Product | undefined {
    return this.rows.products.get(id);
  }

  codesOf(variantId: string): string[] {
    return [...this.byCode.values()].filter((row) => row.variantId === variantId).map((row) => row.barcode);
  }

  /** A decimal, of the place whose rows these are; undefined: none is counted. */
  stockOf(variantId: string): string | undefined {
    for (const level of this.rows.stock_levels.values()) if (level.variantId === variantId) return level.onHand;
    return undefined;
  }

  /** What one scan of it sells. */
  scan(code: string, day: string): { article: Article; quantity: string } | undefined {
    const barcode = this.byCode.get(code);
    const variant =
      barcode ??
      [...this.rows.variants.values()].find(({ sku }) => sku !== null && sku.toLowerCase() === code.toLowerCase());
    const article = variant && this.article(barcode ? barcode.variantId : variant.id, day);
    return article && { article, quantity: barcode?.packQuantity ?? '1' };
  }

  /** By words of the name, in the order of names. */
  find(words: string, categoryId: string, day: string, most: number): { articles: Article[]; more: number } {
    if (!this.sorted || this.sortedFor !== day) {
      const articles = [...this.rows.variants.keys()].map((id) => this.article(id, day));
      this.sorted = articles
        .filter((article) => article !== undefined)
        .sort((one, other) => collator.compare(one.name, other.name))
        .map((article) => ({ article, text: folded(article.name) }));
      this.sortedFor = day;
    }
    const wanted = folded(words).split(/\s+/).filter(Boolean);
    const found = this.sorted.filter(
      ({ article, text }) =>
        (!categoryId || article.categoryId === categoryId) && wanted.every((word) => text.includes(word)),
    );
    return { articles: found.slice(0, most).map(({ article }) => article), more: Math.max(0, found.length - most) };
  }

  // ---- On the disk ----------------------------------------------------------------------------------------------

  storedPlace(): Promise<Place | undefined> {
    return read(this.database.transaction('meta').objectStore('meta').get('place')) as Promise<Place | undefined>;
  }

  /** Rows of a page of changes, together with how far they go. */
  async apply(rows: readonly Row[], place: Place): Promise<void> {
    await this.write((transaction) => {
      const store = transaction.objectStore('rows');
      for (const { c, id, d } of rows)
        if (d === undefined) store.delete([place.set, c, id]);
        else store.put({ set: place.set, c, id, d });
      transaction.objectStore('meta').put(place, 'place');
    });
    if (rows.length > 0) this.take(rows);
    this.place = place;
  }

  /** A number for rows that are not the catalogue yet. What an earlier attempt has left goes. */
  async newSet(): Promise<number> {
    const present = (await this.storedPlace())?.set ?? 0;
    await this.write((transaction) => {
      transaction.objectStore('rows').delete(IDBKeyRange.lowerBound([present + 1]));
    });
    return present + 1;
  }

  addTo(set: number, rows: readonly Row[]): Promise<void> {
    return this.write((transaction) => {
      const store = transaction.objectStore('rows');
      for (const { c, id, d } of rows) store.put({ set, c, id, d });
    });
  }

  /** From now on this set is the catalogue, and the one before goes. */
  async use(place: Place): Promise<void> {
    await this.write((transaction) => {
      transaction.objectStore('rows').delete(IDBKeyRange.upperBound([place.set], true));
      transaction.objectStore('meta').put(place, 'place');
    });
    await this.reload();
  }

  private write(work: (transaction: IDBTransaction) => void): Promise<void> {
    const transaction = this.database.transaction(['rows', 'meta'], 'readwrite');
    work(transaction);
    return new Promise((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('the catalogue could not be stored'));
    });
  }
}

const empty = (): { [K in Name]: Map<string, Rows[K]> } =>
  Object.fromEntries(collections.map((name) => [name, new Map()])) as any;

// "Kabras Sugar" and "Kabras Sugar 1kg", or "1kg": as it stands on the receipt.
const nameOf = (product: string, variant: string): string =>
  folded(variant).includes(folded(product)) ? variant : `${product} ${variant}`.trim();

const setRange = (set: number): IDBKeyRange => IDBKeyRange.bound([set], [set + 1], false, true);

const read = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open('till-catalogue', 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('rows', { keyPath: ['set', 'c', 'id'] });
    request.result.createObjectStore('meta');
  };
  return read(request).then((database) => {
    // Another version of the till in another tab comes first; this one starts anew.
    database.onversionchange = () => {
      database.close();
      location.reload();
    };
    return database;
  });
}
