// The candidate's process in JavaScript: loads the program, then does what its job asks of it.
//
// A job is one frame on descriptor 3, and one of
//     ("cases", source, cases)    every case's operations; values are sent one by one
//     ("stdio", source)           the program as the main script on its standard input
// What is sent back, and in which order, is as candidate.py and program.py send it. The program
// runs as a script in the main context, so that its top-level `function`, `class`, `const` and
// `let` are found by their names; `require` and `module.exports` are there, `import` is not. A
// name that Node itself defines is the program's only if the program gave it another value.
//
// Only names of Python's exceptions cross: TypeError and SyntaxError are the same in both,
// RangeError and URIError are ValueError, a stack overflow RecursionError, a failed allocation of
// a buffer MemoryError, ReferenceError NameError, anything else that is thrown Exception.
//
// What the program does to this process can only spoil its own answers. A promise that is
// returned is awaited; one that never settles, and `process.exit`, end the process without
// ("done",), which is the sign that all operations were done.

const fs = require('fs');
const vm = require('vm');

const JOB = 3;
const TAG_BYTES = 16;
const MAX_DETAIL_CHARS = 300;
const IDENTIFIER = /^[A-Za-z_$\x80-\uffff][\w$\x80-\uffff]*$/;
const EXCEPTION_NAMES = [
  [TypeError.prototype, 'TypeError'],
  [SyntaxError.prototype, 'SyntaxError'],
  [RangeError.prototype, 'ValueError'],
  [URIError.prototype, 'ValueError'],
  [ReferenceError.prototype, 'NameError'],
];
const RANGE_ERRORS = {
  __proto__: null,
  'Maximum call stack size exceeded': 'RecursionError',
  'Array buffer allocation failed': 'MemoryError',
};

const { apply, construct } = Reflect;
const { getOwnPropertyDescriptor } = Object;
const { isPromise } = require('util').types;
const { readFileSync, readSync, writeSync } = fs;
const toBytes = Buffer.from;
const hasOwn = uncurry(objectPrototype.hasOwnProperty);
const runScript = uncurry(vm.Script.prototype.runInThisContext);
const slice = uncurry(String.prototype.slice);
const endProcess = process.reallyExit.bind(process);
const programModule = module;
const fileName = process.argv[1];

// The frame's length, which is set for each one, and the job's tag.
const header = Buffer.alloc(4 + TAG_BYTES);

function readExactly(buffer) {
  for (let numRead = 0; numRead < buffer.length; ) {
    const numNew = readSync(JOB, buffer, numRead, buffer.length - numRead);
    if (numNew === 0) throw new Error('the stream was closed');
    numRead += numNew;
  }
  return buffer;
}

function readJob() {
  readExactly(header);
  return parse(readExactly(Buffer.alloc(header.readUInt32BE(0))).toString('utf8'));
}

// Send a message, given the texts of its parts.
function send(parts) {
  const text = `["t",${parts}]`;
  const size = byteLength(text);
  header[0] = size >>> 24;
  header[1] = size >>> 16;
  header[2] = size >>> 8;
  header[3] = size;
  writeAll(header, 4 + TAG_BYTES);
  writeAll(toBytes(text), size);
}

function writeAll(bytes, size) {
  for (let start = 0; start < size; ) start += writeSync(JOB, bytes, start, size - start);
}

function detailText(text) {
  return stringify(typeof text === 'string' ? slice(text, 0, MAX_DETAIL_CHARS) : '');
}

// An exception's own message, where it is plain text; nothing of the program is called.
function messageOf(error) {
  if (typeof error !== 'object' || error === null || isProxy(error)) return error;
  return getOwnPropertyDescriptor(error, 'message')?.value;
}

function exceptionName(error) {
  if (typeof error !== 'object' || error === null) return 'Exception';
  for (let kind = error; kind !== null && !isProxy(kind); kind = getPrototypeOf(kind)) {
    for (let index = 0; index < EXCEPTION_NAMES.length; index++) {
      if (EXCEPTION_NAMES[index][0] !== kind) continue;
      const name = EXCEPTION_NAMES[index][1];
      const message = name === 'ValueError' ? messageOf(error) : '';
      return (typeof message === 'string' && RANGE_ERRORS[message]) || name;
    }
  }
  return 'Exception';
}

// Compile and describe the program; nothing of it is executed here.
function compile(source) {
  try {
    const script = new vm.Script(source, { filename: fileName });
    const [exact, renamed, numTokens, numLines, complexity, unused] = describe(source);
    const counts = `${numTokens},${numLines},${complexity}`;
    const names = ['"t"', ...unused.map((name) => stringify(name))].join(',');
    send(`"features",["t","${exact}","${renamed}",${counts},[${names}]]`);
    return script;
  } catch (error) {
    // Node puts the place before the stack: "program.js:3". Deep nesting is a RangeError.
    const line = error instanceof SyntaxError && /^.*:(\d+)$/m.exec(error.stack);
    const place = line ? ` (line ${line[1]})` : '';
    send(`"syntax_error",${detailText(`${error.name}: ${error.message}${place}`)}`);
    return endProcess(0);
  }
}

// Make the global names those of a script that Node was started with.
function prepareGlobals(isMain) {
  const builtinNames = new Set(require('module').builtinModules);
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(globalThis))) {
    // With --eval every core module is there without `require`.
    const isModule = property.get && !property.enumerable && builtinNames.has(name);
    if (isModule && name !== 'process') delete globalThis[name];
  }
  globalThis.__filename = fileName;
  if (isMain) require.main = module;
  // Opening this by its name is forbidden, and reading it so is how many scripts begin.
  fs.readFileSync = (path, ...options) =>
    readFileSync(path === '/dev/stdin' ? 0 : path, ...options);
  // More threads for file operations would only count against the limit.
  process.env.UV_THREADPOOL_SIZE = '1';
}

// Whether messages are still to be sent when the process ends; then how the program failed.
let isLoading = true;
let failure = '';

function watchEnd(isMain) {
  process.on('uncaughtExceptionMonitor', (error) => {
    failure = `"error","${exceptionName(error)}",${detailText(messageOf(error))}`;
  });
  process.on('exit', (code) => {
    if (!isLoading) return;
    if (code !== 0 && failure) send(failure);
    if (code !== 0 || !isMain) return;
    send('"loaded"');
    send('"done"');
  });
}

// An operation as the driver keeps it, all of it made before the program runs. `args` is null
// where an argument has no counterpart here.
function planOperation([, action, name, argumentsTree]) {
  let args = null;
  try {
    args = decodeTree(argumentsTree);
  } catch (error) {
    if (typeof error !== 'string') throw error;
  }
  const isLookedUp = action !== 'method' && IDENTIFIER.test(name);
  const lookUp = isLookedUp ? new vm.Script(`(${name})`, { filename: '[name]' }) : null;
  return { __proto__: null, action, name, args, lookUp, before: globalThis[name] };
}

// What the program calls by the operation's name, or undefined.
function find({ name, lookUp, before }) {
  const { exports } = programModule;
  if (exports !== null && exports !== undefined && hasOwn(exports, name)) return exports[name];
  let value;
  try {
    if (lookUp !== null) value = runScript(lookUp);
  } catch {
    return undefined;
  }
  return value === before ? undefined : value;
}

function perform(operation, made) {
  const { action, name, args } = operation;
  if (action === 'method') return apply(made[name], made, args);
  const found = find(operation);
  if (found === undefined) throw new ReferenceError(`${name} is not defined`);
  return action === 'construct' ? construct(found, args) : apply(found, undefined, args);
}

async function runCase(index, operations) {
  let made;
  for (let position = 0; position < operations.length; position++) {
    const operation = operations[position];
    if (operation.args === null) {
      send(`"outcome",${index},"unsupported","an argument cannot cross"`);
      continue;
    }
    let value;
    try {
      value = perform(operation, made);
      if (isPromise(value)) value = await value;
    } catch (error) {
      send(`"outcome",${index},"exception","${exceptionName(error)}"`);
      return;
    }
    if (operation.action === 'construct') {
      made = value;
      value = null;
    }
    sendValue(index, value);
  }
}

function sendValue(index, value) {
  let outcome;
  try {
    outcome = `"value",${encodeValue(value)}`;
  } catch (reason) {
    // A getter of the program may have thrown anything.
    outcome = `"unsupported",${detailText(reason)}`;
  }
  send(`"outcome",${index},${outcome}`);
}

async function runCases(plan) {
  for (let index = 0; index < plan.length; index++) await runCase(index, plan[index]);
  send('"done"');
  endProcess(0);
}

const [, action, sourceTree, casesTree] = readJob();
const isMain = action === 'stdio';
if (!isMain && action !== 'cases') throw new Error(`unknown job ${action}`);
const script = compile(decodeTree(sourceTree));
prepareGlobals(isMain);
const plan = isMain ? [] : casesTree.slice(1).map((each) => each.slice(1).map(planOperation));
watchEnd(isMain);
runScript(script);
if (!isMain) {
  isLoading = false;
  send('"loaded"');
  runCases(plan);
}
