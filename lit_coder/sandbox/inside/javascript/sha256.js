// SHA-256 as lower-case hexadecimal text.
//
//     sha256('abc')    // 'ba7816bf...'
//
// Loading Node's own crypto module takes a fifth of the time in which Node starts.

const [HASH_START, HASH_ROUNDS] = hashConstants();

// The first bits of the fractions of square and cube roots of the first primes.
function hashConstants() {
  const primes = [];
  for (let number = 2; primes.length < 64; number++) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  const bits = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  const squareRoots = primes.slice(0, 8).map(Math.sqrt);
  return [squareRoots.map(bits), primes.map(Math.cbrt).map(bits)];
}

function sha256(text) {
  const data = Buffer.from(text, 'utf8');
  const padded = Buffer.alloc((Math.floor((data.length + 8) / 64) + 1) * 64);
  data.copy(padded);
  padded[data.length] = 0x80;
  padded.writeBigUInt64BE(BigInt(data.length) * 8n, padded.length - 8);
  const state = Int32Array.from(HASH_START);
  for (let start = 0; start < padded.length; start += 64) hashBlock(state, padded, start);
  return Array.from(state, (word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}

const rotate = (word, count) => (word >>> count) | (word << (32 - count));

function hashBlock(state, data, start) {
  const words = new Int32Array(64);
  for (let i = 0; i < 16; i++) words[i] = data.readInt32BE(start + 4 * i);
  for (let i = 16; i < 64; i++) {
    const early = words[i - 15];
    const late = words[i - 2];
    const low = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const high = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    words[i] = words[i - 16] + low + words[i - 7] + high;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const choice = (e & f) ^ (~e & g);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    const mixed = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const first = h + mixed + choice + HASH_ROUNDS[i] + words[i];
    const second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;
    // One by one: code that runs this seldom is interpreted, and there a swap in one step is slow.
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + second) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => {
    state[i] += word;
  });
}
