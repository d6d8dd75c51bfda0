/** What the receiver says, a byte each; see {@link receiverScript}. */
export const said = {
  /** The next rate is set now: answer with {@link rateProbe} at it. */
  rate: 0x02,
  /** A frame was taken, or the receiver is ready for the first one. */
  ready: 0x07,
  /** As many bytes as the receiver was told may be sent on top. */
  credit: 0x06,
  /** It ends; what follows comes at the rate of the prompt. */
  ending: 0x05,
  /** Something was lost: count of the trouble, frame that is awaited, and a check follow, all with the top bit set. */
  trouble: 0x15,
  /** Nothing but that it still works. */
  alive: 0x00,
  /** What the raw REPL puts after the output of code: the receiver is gone. */
  gone: 0x04,
} as const;

/** Sent at a new rate; whatever arrives as these four bytes was understood. */
export const rateProbe: Uint8Array = new TextEncoder().encode("espx");

/** Most bytes of a frame's content: what the receiver has room for. */
export const FRAME_BYTES = 4096;

/** The rate of a prompt. */
export const PROMPT_BAUD = 115_200;

/**
 * Defines `_xr(credit, window, rates)`, which takes frames from the console until one of kind 3; needs {@link filesScript}.
 *
 * A frame is `length | kind << 13` (u16le), at most 4096 bytes of content and the CRC-32 of it (u32le, counted in the length; it starts
 * from the frame's number and kind, so that a lost frame shows). Content of kind 1 is deflated, of kind 2 as it is: records of kind u8,
 * length u16le and bytes. 0 is data of the file that comes in, 1 ends it (32 bytes SHA-256, then the path), 2 is code to run.
 *
 * It answers each `credit` bytes that it has read with one byte, so that no more are on the way than the input ring holds. After a
 * frame that is damaged, or 300 ms without a byte, it drops what comes until the line is quiet, says which frame it awaits, and goes on
 * behind the bytes 0x16, count, 255 - count. After five such troubles in a row, about four seconds without a host, it ends.
 *
 * Ctrl-C is data here. A read of several bytes cannot be broken off, so a timer gives Ctrl-C its meaning back when nothing has moved for
 * three seconds, twice what a host waits before it sends padding: what a pulled cable leaves behind can be interrupted after four; after seven
 * the rate is that of the prompt. The next read takes Ctrl-C away again, before more is asked for, so that a slow flash spoils nothing. After Ctrl-C nothing is dropped: what
 * follows it is for the prompt. `machine.WDT` is never constructed, that would arm it; the framework's is fed.
 */
export const receiverScript = `def _xr(c,w,b):
 global _xn,_xk
 import select,time,machine as m
 from micropython import kbd_intr as I
 F=getattr(sys.modules.get('espx.watchdog'),'feed',int)
 S=sys.stdin;R=S.buffer.readinto;O=sys.stdout.buffer.write;M=memoryview(bytearray(4102));W=q=a=v=r=_xn=0
 p=select.poll();p.register(S,1);P=p.poll
 def G(l):
  nonlocal W,v
  k=0
  while k<l and P(300):
   F();I(-1);v=0;n=min(c-W,l-k);R(M[k:k+n]);k+=n;W+=n
   if W==c:W=0;O(b'\\6')
  return k==l
 def _xk():
  nonlocal v
  v=0;O(b'\\0')
 def D(m):
  while P(m):R(M[:1])
 def K(t):
  nonlocal v
  v+=1
  if v>3:I(3);v>6 and r and U()
 def U(x=115200):
  time.sleep_ms(30)
  try:m.UART(0,x)
  except OSError:pass
 T=m.Timer(0)
 try:
  I(-1);T.init(period=999,callback=K)
  for x in b:
   O(b'\\2');U(x);k=0
   while k<4 and P(400):R(M[k:k+1]);k+=1
   if M[:k]==b'espx':r=x;break
   D(400);U()
  O(b'\\7')
  while 1:
   if G(2):
    k=M[1]>>5;n=M[0]|(M[1]&31)<<8
    if n<4101 and G(n)and binascii.crc32(M[:n],q<<2|k)==558161692:
     q+=1;a=0
     if k>2:break
     s=io.BytesIO(M[:n-4])
     if k<2:s=_xz(s,1,w)
     h=s.read(3)
     while h:
      n=h[1]|h[2]<<8
      if h[0]:(_xc if h[0]<2 else exec)(s.read(n));_xn+=1
      else:_xw(s,n)
      h=s.read(3)
     O(b'\\7');continue
   a+=1;k=q&127|128
   if a>5:raise OSError(116)
   D(60);W=0;O(bytes((21,a|128,k,a^k^90)));k=0
   while k<3 and P(400):R(M[:1]);k=k+1 if M[0]==(22,a,255-a)[k]else M[0]==22
 except Exception:D(150);raise
 finally:
  T.deinit();I(-1)
  if r:O(b'\\5');U();U()
  I(3);_xk=0
  if _xf:_xf.close()
`;
