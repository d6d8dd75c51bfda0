/** The one temporary name a transport writes to; a rename from it puts a whole file in place. */
export const INCOMING_PATH = "/.espx-part";

/**
 * Functions that the scripts below call; sent once after the raw REPL was entered.
 *
 * `_xh` prints size and SHA-256 of a file as it reads back, `_xp` makes the folders above a path, `_xw` appends base64
 * to the open file, `_xs` closes it, `_xd` removes a file and the folders that are empty then.
 */
export const helperScript = `
import os,binascii,hashlib
def _xh(p):
 h=hashlib.sha256();b=bytearray(1024);m=memoryview(b);n=0
 with open(p,'rb') as f:
  while 1:
   k=f.readinto(b)
   if not k:break
   h.update(m[:k]);n+=k
 return n,binascii.hexlify(h.digest()).decode()
def _xp(p):
 i=p.find('/',1)
 while i>0:
  try:os.mkdir(p[:i])
  except OSError as e:
   if e.args[0]!=17:raise
  i=p.find('/',i+1)
def _xo(p):
 global _xf
 _xf=open(p,'wb')
def _xw(s):
 b=binascii.a2b_base64(s)
 if _xf.write(b)!=len(b):raise OSError(28)
def _xs():
 _xf.close()
 getattr(os,'sync',int)()
def _xd(p):
 try:os.remove(p)
 except OSError as e:
  if e.args[0]!=2:raise
 while 1:
  p=p[:p.rfind('/')]
  if not p:break
  try:os.rmdir(p)
  except OSError:break
def _xy(p,q):
 b=bytearray(1024);m=memoryview(b)
 with open(p,'rb') as f:
  with open(q,'wb') as g:
   while 1:
    k=f.readinto(b)
    if not k:break
    if g.write(m[:k])!=k:raise OSError(28)
 getattr(os,'sync',int)()
def _xv():
 s=os.statvfs('/')
 return s[1]*s[3]
`;

/**
 * Prints what a board is and holds, a tagged line each, a count and a CRC-32 at the end; see {@link parseInventory}.
 *
 * Other file systems than the root's are left out: they show another statvfs. A program in `/boot.py` or `/main.py` is
 * foreign when it has a line of code and does not put `/safe` on its path, which every launcher of espx does.
 */
export const inventoryScript = `
def _xi():
 import gc,sys,os,binascii,machine
 c=[0,0]
 def w(*a):
  s=' '.join(str(x) for x in a)+'\\n'
  c[0]+=1;c[1]=binascii.crc32(s.encode(),c[1])
  print(s,end='')
 def x(b):
  return binascii.hexlify(b).decode() or '-'
 def r(p):
  try:
   with open(p,'rb') as f:return x(f.read(200))
  except OSError:return '-'
 def code(p):
  n=0;o=0
  try:
   with open(p,'rb') as f:
    for l in f:
     if b'"/safe"' in l:o=1
     l=l.strip()
     if l and l[:1]!=b'#':n=1
  except OSError:pass
  return n and not o
 gc.collect()
 w('espx',1)
 w('id',x(machine.unique_id()))
 w('chip',x(sys.platform.encode()))
 w('board',x(sys.implementation._machine.encode()))
 w('version',*list(sys.implementation.version)[:3])
 w('mpy',sys.implementation._mpy&255)
 v=os.statvfs('/')
 w('free',v[1]*v[3])
 w('heap',gc.mem_free())
 try:
  import deflate
  w('can','deflate')
 except ImportError:pass
 w('record',0,r('/state/slot0'))
 w('record',1,r('/state/slot1'))
 for p in ('/boot.py','/main.py'):
  if code(p):w('foreign',p)
 t=['/']
 while t:
  d=t.pop()
  for e in os.ilistdir(d):
   p=d+e[0]
   if e[1]&0x4000:
    try:
     if os.statvfs(p)[:3]!=v[:3]:continue
    except OSError:pass
    t.append(p+'/')
   elif p!='${INCOMING_PATH}':
    n,h=_xh(p)
    w('file',n,h,x(p.encode()))
 print('end',c[0],c[1])
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
