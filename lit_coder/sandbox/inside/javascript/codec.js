// Plain values as the tagged JSON text that codec.py reads and writes.
//
//     const text = encodeValue(value);            // throws a text where the value cannot cross
//     const value = decodeTree(JSON.parse(text));
//
// Out: whole numbers up to 2**53 and BigInt are int, other numbers float, null and undefined None,
// Array list, Map and plain objects dict, Set set. Nothing else crosses: no function, class
// instance, Proxy, symbol, Date or typed array. `toJSON` is never asked.
// In: the same backwards; int beyond 2**53 is BigInt, a dict whose keys are not all text a Map.
//
// All that encoding calls is taken here, before the program can put something else in its place,
// and no array is written to meanwhile: a program may have put setters where its items would go.
// Decoding is done before the program runs and needs no such care.

const { isArray } = Array;
const { getPrototypeOf, is: isSame, keys: ownKeys } = Object;
const { isInteger } = Number;
const { parse, stringify } = JSON;
const { byteLength } = Buffer;
const { isMap, isProxy, isSet } = require('util').types;
const toBigInt = BigInt;
const arrayPrototype = Array.prototype;
const mapPrototype = Map.prototype;
const objectPrototype = Object.prototype;
const setPrototype = Set.prototype;
// `method.call` as a plain function, whatever becomes of Function.prototype.
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const bigintToText = uncurry(BigInt.prototype.toString);
const forEachInMap = uncurry(mapPrototype.forEach);
const forEachInSet = uncurry(setPrototype.forEach);
const kindOf = uncurry(objectPrototype.toString);

const MAX_DEPTH = 100;
const MAX_VALUE_BYTES = 2 ** 20;
const PLAIN_INTEGER = 2 ** 53;
// From here on a number's own text has an exponent.
const FIRST_WITH_EXPONENT = 1e21;

// What is left of the size that one value may have; shared parts can unfold without end.
let budget = 0;

function encodeValue(value) {
  budget = MAX_VALUE_BYTES;
  // The message around it is the first level.
  const text = valueText(value, 1);
  // Escapes: a character can become six bytes.
  if (byteLength(text) > 3 * MAX_VALUE_BYTES) throw 'the value is too large';
  return text;
}

function spend(amount) {
  budget -= amount;
  if (budget < 0) throw 'the value is too large';
}

function valueText(value, depth) {
  if (depth > MAX_DEPTH) throw 'the value is nested too deeply';
  if (value === null || value === undefined) {
    spend(5);
    return 'null';
  }
  switch (typeof value) {
    case 'boolean':
      spend(5);
      return value ? 'true' : 'false';
    case 'number':
      spend(20);
      return numberText(value);
    case 'bigint':
      return bigintText(value);
    case 'string':
      spend(2 + value.length);
      // Of text it asks no `toJSON`, and it escapes lone surrogates.
      return stringify(value);
    case 'object':
      spend(5);
      return containerText(value, depth + 1);
    default:
      throw `a value of type ${typeof value} cannot cross`;
  }
}

function numberText(value) {
  const isPlain = -PLAIN_INTEGER <= value && value <= PLAIN_INTEGER && !isSame(value, -0);
  if (value !== value) return '["n","nan"]';
  if (value === Infinity) return '["n","inf"]';
  if (value === -Infinity) return '["n","-inf"]';
  if (!isInteger(value) || isPlain) return `${value}`;
  if (isSame(value, -0)) return '-0.0';
  const isWrittenOut = -FIRST_WITH_EXPONENT < value && value < FIRST_WITH_EXPONENT;
  return isWrittenOut ? `${value}.0` : `${value}`;
}

function bigintText(value) {
  if (-PLAIN_INTEGER <= value && value <= PLAIN_INTEGER) {
    spend(20);
    return `${value}`;
  }
  const digits = bigintToText(value < 0n ? -value : value, 16);
  spend(8 + digits.length);
  return `["i","${value < 0n ? '-' : ''}0x${digits}"]`;
}

function containerText(value, depth) {
  if (isProxy(value)) throw 'a value of type Proxy cannot cross';
  const prototype = getPrototypeOf(value);
  if (isArray(value) && prototype === arrayPrototype) return listText(value, depth);
  if (isMap(value) && prototype === mapPrototype) return mapText(value, depth);
  if (isSet(value) && prototype === setPrototype) return setText(value);
  const isPlain = (prototype === objectPrototype || prototype === null) && !isMap(value);
  // The kind of `arguments`, dates, boxed values and errors shows even with another prototype.
  if (!isPlain || isArray(value) || isSet(value) || kindOf(value) !== '[object Object]') {
    throw 'an object that is not plain cannot cross';
  }
  return objectText(value, depth);
}

function listText(value, depth) {
  let text = '["l"';
  for (let index = 0; index < value.length; index++) text += `,${valueText(value[index], depth)}`;
  return `${text}]`;
}

function objectText(value, depth) {
  const names = ownKeys(value);
  let text = '["d"';
  for (let index = 0; index < names.length; index++) {
    const name = names[index];
    spend(2 + name.length);
    text += `,${stringify(name)},${valueText(value[name], depth)}`;
  }
  return `${text}]`;
}

function mapText(value, depth) {
  const seen = { __proto__: null };
  let text = '["d"';
  forEachInMap(value, (item, key) => {
    text += `,${keyText(key, seen)},${valueText(item, depth)}`;
  });
  return `${text}]`;
}

function setText(value) {
  const seen = { __proto__: null };
  let text = '["e"';
  forEachInSet(value, (item) => {
    text += `,${keyText(item, seen)}`;
  });
  return `${text}]`;
}

// The text of a key or a set's item: one that Python can hash, and does not take for another.
function keyText(key, seen) {
  const isNothing = key === null || key === undefined;
  if (!isNothing && (typeof key === 'object' || typeof key === 'function')) {
    throw 'an object as a key or in a set cannot cross';
  }
  const text = valueText(key, 0);
  if (typeof key === 'string') return text;
  // 1, 1n and true are one key in Python; null and undefined are both None.
  const isWhole = typeof key === 'bigint' || typeof key === 'boolean' || isInteger(key);
  const identity = isWhole ? `${toBigInt(key)}` : text;
  if (seen[identity]) throw 'keys that are the same in Python cannot cross';
  seen[identity] = true;
  return text;
}

const SPECIAL_NUMBERS = { nan: NaN, inf: Infinity, '-inf': -Infinity };

function decodeTree(tree) {
  if (!isArray(tree)) return tree;
  const [tag, ...parts] = tree;
  switch (tag) {
    case 'l':
    case 't':
      return parts.map(decodeTree);
    case 'e':
    case 'f':
      return new Set(parts.map(decodeTree));
    case 'd':
      return decodeDictionary(parts.map(decodeTree));
    case 'i':
      return parts[0].startsWith('-') ? -BigInt(parts[0].slice(1)) : BigInt(parts[0]);
    case 'n':
      return SPECIAL_NUMBERS[parts[0]];
    case 'u':
      return decodeSurrogates(Buffer.from(parts[0], 'hex'));
    default:
      throw 'bytes and complex numbers have no counterpart here';
  }
}

function decodeDictionary(parts) {
  const pairs = [];
  for (let index = 0; index < parts.length; index += 2) pairs.push(parts.slice(index, index + 2));
  const isPlain = pairs.every(([key]) => typeof key === 'string');
  return isPlain ? Object.fromEntries(pairs) : new Map(pairs);
}

// UTF-8 in which surrogates stand as if they were characters.
function decodeSurrogates(bytes) {
  let text = '';
  for (let index = 0; index < bytes.length; ) {
    const first = bytes[index];
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    let code = length === 1 ? first : first & (0x7f >> length);
    for (let next = 1; next < length; next++) code = (code << 6) | (bytes[index + next] & 0x3f);
    text += String.fromCodePoint(code);
    index += length;
  }
  return text;
}
