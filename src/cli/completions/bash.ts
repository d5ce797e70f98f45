import { everyNode, type Node, valueFlags } from "./tree.ts";

const words = (list: readonly string[]): string => `COMPREPLY=($(compgen -W '${list.join(" ")}' -- "$cur"))`;

const pathText = ({ path }: Node): string => path.join(" ");

function valueCases(node: Node): string[] {
  return node.flags
    .filter(({ takesValue }) => takesValue)
    .flatMap(({ spellings, choices }) =>
      spellings.map(
        (spelling) => `    '${pathText(node)}|${spelling}') ${choices.length ? `${words(choices)}; ` : ""}return ;;`,
      ),
    );
}

/** A completion script for bash 3.2 and later: a state machine over the words before the cursor. */
export function bashCompletion(root: Node): string {
  const nodes = everyNode(root);
  const commands = nodes.slice(1).map((node) => `'${pathText(node)}'`);
  return `# bash completion for openshell
_openshell() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" prev="" path="" word="" i
  COMPREPLY=()
  if ((COMP_CWORD > 0)); then prev="\${COMP_WORDS[COMP_CWORD - 1]}"; fi
  # bash splits --flag=value into three words
  if [[ $cur == "=" ]]; then cur=""; elif [[ $prev == "=" ]] && ((COMP_CWORD > 1)); then prev="\${COMP_WORDS[COMP_CWORD - 2]}"; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    case "$word" in
      --) return ;;
      ${valueFlags(root).join("|")})
        if [[ \${COMP_WORDS[i + 1]} == "=" ]]; then i=$((i + 2)); else i=$((i + 1)); fi
        continue ;;
    esac
    case "\${path:+$path }$word" in
      ${commands.join("|")}) path="\${path:+$path }$word" ;;
    esac
  done
  case "$path|$prev" in
${nodes.flatMap(valueCases).join("\n")}
  esac
  if [[ $cur == -* ]]; then
    case "$path" in
${nodes.map((node) => `      '${pathText(node)}') ${words(node.flags.flatMap(({ spellings }) => spellings))} ;;`).join("\n")}
    esac
    return
  fi
  case "$path" in
${nodes
  .map((node) => ({ node, next: [...node.children.map(({ path }) => path.at(-1) ?? ""), ...node.choices] }))
  .filter(({ next }) => next.length > 0)
  .map(({ node, next }) => `    '${pathText(node)}') ${words(next)} ;;`)
  .join("\n")}
  esac
}
complete -o default -F _openshell openshell
`;
}
