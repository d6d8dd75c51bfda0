/** The one temporary name a transport writes to; a rename from it puts a whole file in place. */
export const INCOMING_PATH = "/.espx-part";

/** What both scripts below need: `_xh(path)` answers size and SHA-256 of a file as it reads back; `_xk` is told of long work. */
const hashScript = `
import os,sys,io,binascii,hashlib
_xk=0
_xb=bytearray(4096)
_xm=memoryview(_xb)
def _xh(p):
 h=hashlib.sha256();n=0
 with open(p,'rb')as f:
  while 1:
   k=f.readinto(_xb)
   if not k:return n,h.digest()
   h.update(_xm[:k]);n+=k
   if _xk and n&65535<4096:_xk()
`;

/**
 * Functions that change files.
 *
 * `_xw(stream, n)` appends to the file that comes in, `_xc(sha256 + path)` ends it, reads it back and gives it its name, `_xy` copies a
 * file into it, `_xd` removes a file and the folders that are empty then, `_xq` writes and reads back a small file under its own name,
 * `_xv` answers the free bytes.
 */
export const filesScript = `${hashScript}
try:from deflate import DeflateIO as _xz
except ImportError:_xz=0
_xf=0
def _xs():getattr(os,'sync',int)()
def _xp(p):
 i=p.find('/',1)
 while i>0:
  try:os.mkdir(p[:i])
  except OSError as e:
   if e.args[0]!=17:raise
  i=p.find('/',i+1)
def _xw(s,n):
 global _xf
 _xf=_xf or open('${INCOMING_PATH}','wb')
 while n:
  k=s.readinto(_xm[:min(n,4096)])
  if not k or _xf.write(_xm[:k])!=k:raise OSError(28 if k else 5)
  n-=k
  if _xk and n&65535<4096:_xk()
def _xc(d):
 global _xf
 _xw(0,0);_xf.close();_xf=0;_xs()
 n,h=_xh('${INCOMING_PATH}');p=str(d[32:],'utf8')
 if h!=d[:32]:
  os.remove('${INCOMING_PATH}');raise ValueError('espx: %d %s'%(n,binascii.hexlify(h).decode()))
 _xp(p);os.rename('${INCOMING_PATH}',p);_xs()
def _xy(p):
 with open(p,'rb')as s:_xw(s,os.stat(p)[6])
def _xd(p):
 try:os.remove(p)
 except OSError as e:
  if e.args[0]!=2:raise
 while 1:
  p=p[:p.rfind('/')]
  if not p:break
  try:os.rmdir(p)
  except OSError:break
def _xq(p,b):
 _xp(p)
 with open(p,'wb')as f:
  if f.write(b)!=len(b):raise OSError(28)
 _xs()
 with open(p,'rb')as f:
  c=f.read()
  if c!=b:raise ValueError('espx: %d %s'%(len(c),binascii.hexlify(c).decode()))
def _xv():
 s=os.statvfs('/')
 return s[1]*s[3]
`;

/**
 * Prints what a board is and holds, a tagged line each, a count and a CRC-32 at the end; see {@link readInventory}.
 *
 * Other file systems than the root's are left out: they show another statvfs. A program in `/boot.py` or `/main.py` is
 * foreign when it has a line of code and does not put `/safe` on its path, which every launcher of espx does.
 */
export const inventoryScript = `${hashScript}
def _xi():
 import gc,machine
 c=[0,0]
 def w(*a):
  s=' '.join([str(x)for x in a])+'\\n'
  c[0]+=1;c[1]=binascii.crc32(s.encode(),c[1])
  print(s,end='')
 def x(b):return binascii.hexlify(b).decode()or'-'
 def r(p):
  try:
   with open(p,'rb')as f:return x(f.read(200))
  except OSError:return'-'
 def code(p):
  n=o=0
  try:
   with open(p,'rb')as f:
    for l in f:
     if b'"/safe"'in l:o=1
     l=l.strip()
     if l and l[:1]!=b'#':n=1
  except OSError:pass
  return n and not o
 gc.collect()
 i=sys.implementation
 w('espx',2)
 w('id',x(machine.unique_id()))
 w('chip',x(sys.platform.encode()))
 w('board',x(i._machine.encode()))
 if hasattr(i,'_build'):w('build',x(i._build.encode()))
 w('version',*list(i.version)[:3])
 w('mpy',i._mpy&255)
 w('arch',i._mpy>>10&15)
 v=os.statvfs('/')
 w('free',v[1]*v[3])
 w('heap',gc.mem_free())
 try:
  import deflate
  w('can','deflate')
 except ImportError:pass
 for p in(0,1):w('record',p,r('/state/slot%d'%p))
 for p in('/boot.py','/main.py'):
  if code(p):w('foreign',p)
 t=['/']
 while t:
  d=t.pop()
  for e in os.ilistdir(d):
   p=d+e[0]
   if e[1]&16384:
    try:
     if os.statvfs(p)[:3]!=v[:3]:continue
    except OSError:pass
    t.append(p+'/')
   else:
    n,h=_xh(p);h=binascii.b2a_base64(h)[:43].decode()
    if p=='${INCOMING_PATH}':w('part',n,h)
    else:
     for b in p:
      if not' '<b<'\\x7f':p=x(p.encode());break
     w('file',n,h,p)
 print('end',*c)
_xi()
`;

/** Reset reasons of the boot contract. @source SPEC.md section 3 */
export const resetReasons = { commanded: 4, update: 5 } as const;

/**
 * Leaves the reason for the launcher in RTC memory and resets.
 *
 * Memory that another program uses stays as it is; so does empty memory unless our launcher is sure to read it.
 */
export function resetScript(why: keyof typeof resetReasons): string {
  const ours = why === "update" ? "not m or m[:4]==b'EspX'" : "m[:4]==b'EspX'";
  return `
import machine
try:
 r=machine.RTC();m=r.memory()
 if ${ours}:r.memory(b'EspX\\x01'+bytes((${resetReasons[why]},0))+m[7:])
except Exception:pass
machine.reset()
`;
}
