import type { Flag, Node } from "./tree.ts";

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
/** Colons, brackets and backslashes mean something to `_arguments` and `_describe`. */
const escapeColons = (text: string): string => text.replace(/[\\:[\]]/g, "\\$&");
const functionName = ({ path }: Node): string => ["_openshell", ...path].join("_");

function argumentSpec({ spellings, description, takesValue, choices }: Flag): string[] {
  const value = takesValue ? `:value:${choices.length ? `(${choices.join(" ")})` : ""}` : "";
  const others = spellings.length > 1 ? `(${spellings.join(" ")})` : "";
  return spellings.map((spelling) => {
    const joint = takesValue ? (spelling.startsWith("--") ? "=" : "+") : "";
    return quote(`${takesValue ? "*" : others}${spelling}${joint}[${escapeColons(description)}]${value}`);
  });
}

function functionFor(node: Node): string {
  const flags = node.flags.flatMap(argumentSpec);
  const indented = (specs: readonly string[]) => specs.map((spec) => ` \\\n    ${spec}`).join("");
  if (node.children.length === 0) {
    const operand = node.choices.length ? `'1:argument:(${node.choices.join(" ")})'` : "'*::argument:_default'";
    return `${functionName(node)}() {\n  _arguments -S${indented([...flags, operand])}\n}\n`;
  }
  const commands = node.children.map(({ path, description }) =>
    quote(`${escapeColons(path.at(-1) ?? "")}:${escapeColons(description)}`),
  );
  const cases = node.children.map((child) => `        ${child.path.at(-1)}) ${functionName(child)} ;;`);
  return `${functionName(node)}() {
  local curcontext="$curcontext" state line ret=1
  typeset -A opt_args
  _arguments -C${indented([...flags, "'1: :->command'", "'*:: :->rest'"])} && ret=0
  case $state in
    command)
      local -a commands=(${commands.map((command) => `\n        ${command}`).join("")}
      )
      _describe -t commands command commands && ret=0
      ;;
    rest)
      case $line[1] in
${cases.join("\n")}
      esac
      ret=0
      ;;
  esac
  return ret
}
${node.children.map(functionFor).join("")}`;
}

/** A completion script for zsh, to be sourced or to lie in \`$fpath\` as \`_openshell\`. */
export function zshCompletion(root: Node): string {
  return `#compdef openshell
${functionFor(root)}
if [ "$funcstack[1]" = "_openshell" ]; then
  _openshell "$@"
else
  compdef _openshell openshell
fi
`;
}
