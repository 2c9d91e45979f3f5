// Facts of a program's text, from its tokens: fingerprints, size, complexity, unused names.
//
//     describe(source)    // [fingerprint, renamed, tokens, lines, complexity, unused names]
//
// Comments and layout do not count. The renamed fingerprint also ignores what variables and
// parameters are called. It is no parser: it is only used on text that V8 has compiled, takes
// every name as one variable wherever it is declared, and where a slash after a closing bracket
// begins a regular expression it sees divisions.

const SPACE = /(?:\s|\/\/.*|\/\*[^]*?\*\/)+/y;
const HASHBANG = /#!.*/y;
const TEMPLATE = /[`}](?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;
const REGULAR_EXPRESSION = /\/(?:[^\\/[\n\r]|\\.|\[(?:[^\]\\\n\r]|\\.)*\])+\/[\w$]*/y;
// Beyond ASCII what is no space is part of a name; Unicode's own classes take long to build.
const WORD = /#?[A-Za-z_$\x80-\uffff][\w$\x80-\uffff]*/y;
const NUMBER = /0[xXbBoO][\da-fA-F_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?n?/y;
const STRING = /"(?:[^"\\]|\\[^])*"|'(?:[^'\\]|\\[^])*'/y;
const PUNCTUATION = new RegExp(
  '>>>=|\\.\\.\\.|[=!]==|\\*\\*=|<<=|>>[>=]|&&=|\\|\\|=|\\?\\?=|=>|[=!<>+\\-*/%&|^]=|&&|\\|\\|' +
    '|\\?\\?|\\?\\.(?!\\d)|\\+\\+|--|<<|>>|\\*\\*|[^]',
  'y',
);

const BRANCHES = new Set(['if', 'for', 'while', 'case', 'catch', '&&', '||', '??', '?']);
const BEFORE_EXPRESSION = new Set(
  'return typeof case in of do else void delete throw new instanceof yield await'.split(' '),
);
const DECLARING = new Set(['let', 'const', 'var']);
const STATEMENTS = new Set(
  'let const var if for while do switch return throw try break continue'.split(' '),
);
const BEFORE_CONDITION = new Set('if for while switch with'.split(' '));
const MAX_UNUSED_NAMES = 50;

function describe(source) {
  const tokens = tokensOf(source);
  const partners = bracketPartners(tokens);
  const variables = declaredVariables(tokens, partners);
  const declared = new Set([...variables.keys(), ...parameterNames(tokens, partners)]);
  return [
    fingerprint(tokens),
    fingerprint(renamedTokens(tokens, declared)),
    tokens.length,
    source.split('\n').filter((line) => line.trim()).length,
    1 + tokens.filter((text, index) => BRANCHES.has(text) && !isProperty(tokens, index)).length,
    unusedNames(tokens, variables),
  ];
}

function fingerprint(tokens) {
  return sha256(tokens.join('\0')).slice(0, 32);
}

function tokensOf(source) {
  const tokens = [];
  // For each open brace whether it is one of a template's.
  const braces = [];
  let position = 0;
  const take = (pattern) => {
    pattern.lastIndex = position;
    const match = pattern.exec(source);
    if (match) position = pattern.lastIndex;
    return match && match[0];
  };
  take(HASHBANG);
  while (take(SPACE) !== null || position < source.length) {
    if (position === source.length) break;
    const start = source[position];
    const goesOn = start === '}' && braces.pop();
    const token =
      ((goesOn || start === '`') && take(TEMPLATE)) ||
      (start === '/' && canBeginExpression(tokens) && take(REGULAR_EXPRESSION)) ||
      take(WORD) ||
      take(NUMBER) ||
      take(STRING) ||
      take(PUNCTUATION);
    tokens.push(token);
    if (token === '{' || opensTemplate(token)) braces.push(token !== '{');
  }
  return tokens;
}

function opensTemplate(token) {
  return /^[`}]/.test(token) && token.endsWith('${');
}

// Whether a slash here begins a regular expression and is no division.
function canBeginExpression(tokens) {
  const before = tokens.at(-1);
  if (before === undefined || BEFORE_EXPRESSION.has(before)) return true;
  if (opensTemplate(before)) return true;
  // A name, a number, a text, a closing bracket, a regular expression.
  return !/[\w$\x80-\uffff)\]}'"`]$|^\/.+\/$|^(?:\+\+|--)$/.test(before);
}

function isName(token) {
  return token !== undefined && /^[A-Za-z_$\x80-\uffff]/.test(token);
}

// Whether the token is the name of a property, behind a dot or before a colon.
function isProperty(tokens, index) {
  if (tokens[index - 1] === '.' || tokens[index - 1] === '?.') return true;
  return tokens[index + 1] === ':' && (tokens[index - 1] === '{' || tokens[index - 1] === ',');
}

// For each opening bracket the index of its closing one, and the other way round.
function bracketPartners(tokens) {
  const partners = new Map();
  const open = [];
  tokens.forEach((token, index) => {
    if (/^[)\]}]/.test(token) && open.length) {
      const start = open.pop();
      partners.set(start, index).set(index, start);
    }
    if (/^[([{]$/.test(token) || opensTemplate(token)) open.push(index);
  });
  return partners;
}

// Where the expression that begins at `start` ends: at a comma, a semicolon, a closing bracket or,
// as a semicolon may be missing, where a statement begins.
function expressionEnd(tokens, partners, start) {
  for (let index = start; index < tokens.length; index++) {
    const token = tokens[index];
    if (/^[,;)\]}]/.test(token) || STATEMENTS.has(token)) return index;
    const closing = partners.get(index);
    // The middle of a template both closes and opens; its end has no bracket that follows.
    if (closing > index) index = opensTemplate(tokens[closing]) ? closing - 1 : closing;
  }
  return tokens.length;
}

// The names that a pattern of parameters or a destructuring binds.
function boundNames(tokens, partners, start, end) {
  const names = [];
  for (let index = start; index < end; index++) {
    if (tokens[index] === '=') index = expressionEnd(tokens, partners, index + 1) - 1;
    else if (isName(tokens[index]) && tokens[index + 1] !== ':') names.push(tokens[index]);
  }
  return names;
}

// Names declared by let, const and var, each with whether not reading it leaves it unused: the
// top level's are for others, except for what it imports.
function declaredVariables(tokens, partners) {
  const variables = new Map();
  let depth = 0;
  tokens.forEach((token, index) => {
    if (/^[)\]}]/.test(token)) depth--;
    if (/^[([{]$/.test(token) || opensTemplate(token)) depth++;
    if (!DECLARING.has(token) || isProperty(tokens, index)) return;
    let start = index + 1;
    do {
      const end = isName(tokens[start]) ? start + 1 : (partners.get(start) ?? start) + 1;
      const isImport = tokens[end] === '=' && tokens[end + 1] === 'require';
      for (const name of boundNames(tokens, partners, start, end)) {
        variables.set(name, depth > 0 || isImport);
      }
      start = 1 + (tokens[end] === '=' ? expressionEnd(tokens, partners, end + 1) : end);
    } while (tokens[start - 1] === ',');
  });
  return variables;
}

// Names of parameters of functions, methods and arrows, and of caught errors.
function parameterNames(tokens, partners) {
  const names = [];
  tokens.forEach((token, index) => {
    const end = partners.get(index);
    if (token === '=>' && isName(tokens[index - 1])) names.push(tokens[index - 1]);
    if (token !== '(' || end === undefined) return;
    const before = tokens[index - 1];
    const isArrow = tokens[end + 1] === '=>';
    const hasBody = tokens[end + 1] === '{' && !BEFORE_CONDITION.has(before);
    if (isArrow || hasBody) names.push(...boundNames(tokens, partners, index + 1, end));
  });
  return names;
}

function renamedTokens(tokens, declared) {
  const numbers = new Map();
  return tokens.map((token, index) => {
    if (!declared.has(token) || isProperty(tokens, index)) return token;
    if (!numbers.has(token)) numbers.set(token, `_${numbers.size}`);
    return numbers.get(token);
  });
}

function unusedNames(tokens, variables) {
  const counts = new Map();
  tokens.forEach((token, index) => {
    if (!isProperty(tokens, index)) counts.set(token, (counts.get(token) ?? 0) + 1);
  });
  const unused = [...variables].filter(([name, matters]) => matters && counts.get(name) === 1);
  const names = unused.map(([name]) => name).filter((name) => !name.startsWith('_'));
  return names.sort().slice(0, MAX_UNUSED_NAMES);
}
