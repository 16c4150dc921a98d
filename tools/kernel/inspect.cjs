/**
 * What Shift-Tab shows, in place of tslab's own: behind the parenthesis of a call it shows the function, where tslab shows nothing, and
 * the parts of a comment keep their names (`@returns`, `@throws`, `@example`), which tslab leaves out.
 */
'use strict';

const inspect = require('tslab/dist/inspect.js');
const {JupyterHandlerImpl} = require('tslab/dist/jupyter.js');

const joined = (parts = []) => parts.map(({text}) => text).join('');

inspect.printQuickInfo = ({displayParts, documentation, tags = []}) => {
  const lines = tags.map(({name, text}) => {
    const said = joined(text);
    return name === 'example' ? `@example\n${said}` : `@${name} ${said}`.trimEnd();
  });
  const comment = [joined(documentation), ...lines].filter((part) => part !== '').join('\n');
  return [joined(displayParts), comment].filter((part) => part !== '').join('\n\n');
};

const {handleInspect} = JupyterHandlerImpl.prototype;

JupyterHandlerImpl.prototype.handleInspect = function (request) {
  const found = handleInspect.call(this, request);
  if (found.found) return found;
  const name = calledName(request.code, request.cursor_pos);
  return name === undefined ? found : handleInspect.call(this, {...request, cursor_pos: name});
};

/**
 * @returns {number | undefined} Where the name of the function stands whose arguments the cursor is in: the position of its last character.
 */
function calledName(code, cursor) {
  let depth = 0;
  for (let at = cursor - 1; at >= 0; at--) {
    if (')]}'.includes(code[at])) depth++;
    else if ('([{'.includes(code[at]) && depth-- === 0) {
      const name = /[\w$]\s*(?:<[^<>()]*>)?\s*$/.exec(code.slice(0, at));
      // An object or a list among the arguments: the call is further out.
      if (code[at] === '(' && name !== null) return name.index;
      depth = 0;
    }
  }
  return undefined;
}
