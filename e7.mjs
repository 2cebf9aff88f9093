// writer: idempotency by route path in other spellings, if-match, locations, 404/403
import {open,call,must,show,randomUUID,db,pw,env} from './lib.mjs'; import {member} from './util.mjs';
const s=await open(), o=await open(); const c=await db();
const L1=s.location, L2=await s.create('/v1/locations',{code:'L2',name:'Bee'});
const A=await s.product('A'), B=await s.product('B');
const k=()=>randomUUID();
const post=(p,b,key,m=s)=>m.api('POST',p,{body:b,headers:key?{'idempotency-key':key}:{}});
const say=(l,r)=>console.log(l.padEnd(52),r.status,r.body?.code??'',r.headers.get('idempotent-replayed')??'',r.headers.get('location')??'',r.headers.get('etag')??'',JSON.stringify(r.body?.errors??'').slice(0,150));
let key=k(), bc={barcode:'4006381333931'};
say('barcode',await post(`/v1/variants/${A.id}/barcodes`,bc,key));
say('upper case id',await post(`/v1/variants/${A.id.toUpperCase()}/barcodes`,bc,key));
say('percent-encoded id',await post(`/v1/variants/%${A.id.charCodeAt(0).toString(16)}${A.id.slice(1)}/barcodes`,bc,key));
say('trailing slash',await post(`/v1/variants/${A.id}/barcodes/`,bc,key));
say('double slash',await post(`/v1//variants/${A.id}/barcodes`,bc,key));
say('query',await post(`/v1/variants/${A.id}/barcodes?x=1`,bc,key));
say('fields query',await post(`/v1/variants/${A.id}/barcodes?fields=id`,bc,key));
say('other parent same key other barcode',await post(`/v1/variants/${B.id}/barcodes`,{barcode:'4006381333948'},key));
say('key quoted',await post(`/v1/variants/${A.id}/barcodes`,bc,'"'+key+'"'));
say('key upper',await post(`/v1/variants/${A.id}/barcodes`,bc,key.toUpperCase()));
say('compact uuid id',await post(`/v1/variants/${A.id.replaceAll('-','')}/barcodes`,bc,key));
say('braces',await post(`/v1/variants/{${A.id}}/barcodes`,bc,key));
// replay where parent deleted
await s.api('DELETE','/v1/products/'+A.productId,{headers:{'if-match':'*'}});
say('replay after parent deleted',await post(`/v1/variants/${A.id}/barcodes`,bc,key));
say('new after parent deleted',await post(`/v1/variants/${A.id}/barcodes`,{barcode:'4006381333955'},k()));
// creation variants
key=k(); let b={id:randomUUID(),locationId:L1.id,name:'Till'};
say('device',await post('/v1/devices',b,key)); say('replay',await post('/v1/devices',b,key)); say('replay upper loc',await post('/v1/devices',{...b,locationId:L1.id.toUpperCase()},key)); say('same id other key',await post('/v1/devices',b,k())); say('same id no key',await post('/v1/devices',b));
let numbers=(await s.api('GET','/v1/devices')).body.data.map(d=>d.deviceNumber); console.log(numbers, (await c.query('select device_number from tenant_counters where tenant_id=$1',[s.tenantId])).rows);
// concurrently one key
let rs=await Promise.all(Array.from({length:12},()=>post('/v1/devices',{locationId:L1.id,name:'C'},'conc-1'))); console.log('12 at once',rs.map(r=>r.status+(r.headers.get('idempotent-replayed')?'r':'')).join());
// tenants: other tenant with same key and id
say('other tenant same key+id',await post('/v1/devices',{...b,locationId:o.location.id},key,o));
// rows of other location
const man=await member(s,[['manager',L1.id]]), adm=await member(s,[['admin',L1.id]]), cash=await member(s,[['cashier',L1.id]]), acc=await member(s,[['accountant',L1.id]]), vi=await member(s,[['viewer',L1.id]]);
const d2=await s.create('/v1/devices',{locationId:L2.id,name:'T2'}), d1=await s.create('/v1/devices',{locationId:L1.id,name:'T1'});
for(const [n,m] of [['owner',s],['admin@L1',adm],['manager@L1',man],['cashier@L1',cash],['accountant',acc],['viewer',vi],['other tenant',o]]) for(const [w,me,p,bo,h] of [
 ['patch d1','PATCH','/v1/devices/'+d1.id,{name:'N'},{'if-match':'*'}],['patch d2','PATCH','/v1/devices/'+d2.id,{name:'N'},{'if-match':'*'}],['patch none','PATCH','/v1/devices/'+randomUUID(),{name:'N'},{'if-match':'*'}],['patch d2 stale','PATCH','/v1/devices/'+d2.id,{name:'N'},{'if-match':'"99"'}],['patch d2 no if-match','PATCH','/v1/devices/'+d2.id,{name:'N'},{}],['move d1->L2','PATCH','/v1/devices/'+d1.id,{locationId:L2.id},{'if-match':'*'}],
 ['get d2','GET','/v1/devices/'+d2.id],['revoke d2','POST','/v1/devices/'+d2.id+'/revoke',{status:'lost'}],['patch L2','PATCH','/v1/locations/'+L2.id,{name:'Q'},{'if-match':'*'}],['get L2','GET','/v1/locations/'+L2.id],['patch L1','PATCH','/v1/locations/'+L1.id,{name:'Q'},{'if-match':'*'}],['del L2','DELETE','/v1/locations/'+randomUUID(),undefined,{'if-match':'*'}],['adj L2','POST','/v1/stock-adjustments',{locationId:L2.id,lines:[{variantId:B.id,quantityDelta:'1'}]},{'idempotency-key':k()}],['class','POST','/v1/tax-classes',{code:'C'+Math.random().toString(36).slice(2,8).toUpperCase(),name:'x'}]]){
 const r=await m.api(me,p,{body:bo,headers:h??{}}); process.stdout.write(`${n} ${w}:${r.status}${r.body?.code==='auth.forbidden'?'f':''}  `); if(n==='owner'&&w==='move d1->L2') await s.api('PATCH','/v1/devices/'+d1.id,{body:{locationId:L1.id},headers:{'if-match':'*'}}); if(n==='owner'&&w==='revoke d2'){};} console.log();
// if-match forms
for(const h of ['"1"','1','W/"1"','"1.abcdef"','"1", "7"','*','"01"','"-1"','"2147483648"','"9999999999999999999"','','"1.abc-br"','"1.abc-gzip"',' "1" ','"1"x','"',',']){const d=await s.create('/v1/devices',{locationId:L1.id,name:'IM'}); const r=await s.api('PATCH','/v1/devices/'+d.id,{body:{name:'IN'},headers:{'if-match':h}}); process.stdout.write(`[${h}] ${r.status} `);} console.log();
await c.end();
