/** Votes that are not delivered yet, in the browser's database: they outlive a reload, a crash and a day without a net. */
import type { ComparisonRequest } from '../../shared/contracts/comparison.ts';
import type { PreferenceInput } from '../../shared/contracts/preference.ts';

export type Parcel = {
  /** Order of casting; given by the database, missing while a parcel is in memory only. */
  seq?: number;
  id: string;
  /** Edge, project and person: a parcel is sent as the person who voted, or not at all. */
  owner: string;
  /** Not sent before this time of this machine's clock, so that it can be undone. */
  due: number;
  vote: PreferenceInput;
  /** Creates the comparison first: the page's own candidates. */
  deal?: ComparisonRequest;
  /** It may have reached the edge: too late to undo. */
  claimed?: boolean;
};

const NAME = 'prefloop';
const TABLE = 'votes';

let opened: Promise<IDBDatabase> | undefined;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise<IDBDatabase>((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(TABLE, { keyPath: 'seq', autoIncrement: true });
    request.onerror = () => reject(request.error);
    request.onsuccess = () => {
      const forget = () => {
        opened = undefined;
      };
      request.result.onclose = forget;
      request.result.onversionchange = () => {
        request.result.close();
        forget();
      };
      resolve(request.result);
    };
  });
  opened.catch(() => {
    opened = undefined;
  });
  return opened;
}

/** Runs `work` in one transaction; resolves once it is on disk. Throws QuotaExceededError on a full one. */
async function transact<T>(
  mode: IDBTransactionMode,
  work: (table: IDBObjectStore) => IDBRequest<T>,
): Promise<IDBRequest<T>['result']> {
  const database = await open();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(TABLE, mode, { durability: 'strict' });
    const request = work(transaction.objectStore(TABLE));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onabort = () => reject(transaction.error ?? new Error('the browser’s database gave up'));
  });
}

/** Changes one parcel if it is there; resolves with what it was before. */
function change(seq: number, then: (table: IDBObjectStore, parcel: Parcel) => void): Promise<Parcel | undefined> {
  return transact<Parcel | undefined>('readwrite', (table) => {
    const request = table.get(seq) as IDBRequest<Parcel | undefined>;
    request.onsuccess = () => {
      if (request.result) then(table, request.result);
    };
    return request;
  });
}

/** The key it got. Throws when there is no room. */
export async function keepParcel(parcel: Parcel): Promise<number> {
  return (await transact('readwrite', (table) => table.add(parcel))) as number;
}

/** What waits for `owner`, oldest first. */
export async function waitingParcels(owner: string): Promise<Parcel[]> {
  const all = await transact<Parcel[]>('readonly', (table) => table.getAll());
  return all.filter((parcel) => parcel.owner === owner);
}

/** From here on it may be on its way: false when it was taken back before. */
export async function claimParcel(seq: number): Promise<boolean> {
  return (await change(seq, (table, parcel) => table.put({ ...parcel, claimed: true }))) !== undefined;
}

/** Removes it unless it may be on its way already: true when nobody will ever hear of it. */
export async function takeBackParcel(seq: number): Promise<boolean> {
  const before = await change(seq, (table, parcel) => {
    if (!parcel.claimed) table.delete(seq);
  });
  return before !== undefined && !before.claimed;
}

/**
 * In one transaction, so that there is no moment with neither: `fresh` takes the place of a parcel that is still here
 * and unclaimed; otherwise `later`, if there is one, is kept beside it. `seq` is undefined when nothing was kept.
 */
export async function replaceParcel(
  seq: number,
  fresh: Parcel,
  later: Parcel | null,
): Promise<{ seq: number | undefined; unsent: boolean }> {
  let unsent = false;
  let added: IDBRequest<IDBValidKey> | undefined;
  await transact<Parcel | undefined>('readwrite', (table) => {
    const request = table.get(seq) as IDBRequest<Parcel | undefined>;
    request.onsuccess = () => {
      unsent = request.result !== undefined && !request.result.claimed;
      if (unsent) table.delete(seq);
      const parcel = unsent ? fresh : later;
      if (parcel) added = table.add(parcel);
    };
    return request;
  });
  return { seq: added?.result as number | undefined, unsent };
}

export async function removeParcel(seq: number): Promise<void> {
  await transact('readwrite', (table) => table.delete(seq) as IDBRequest<undefined>);
}
