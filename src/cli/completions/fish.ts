import { everyNode, type Flag, type Node, valueFlags } from "./tree.ts";

const quote = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;

function spelling(text: string): string {
  return text.startsWith("--") ? `-l ${text.slice(2)}` : `-s ${text.slice(1)}`;
}

function flagLine(at: string, { spellings, description, takesValue, choices }: Flag): string {
  const value = takesValue ? (choices.length ? ` -x -a ${quote(choices.join(" "))}` : " -r") : "";
  return `complete -c openshell -n ${at} ${spellings.map(spelling).join(" ")}${value} -d ${quote(description)}`;
}

function linesFor(node: Node): string[] {
  const at = quote(`__openshell_at ${quote(node.path.join(" "))}`);
  const children = node.children.map(
    (child) => `complete -c openshell -n ${at} -f -a ${child.path.at(-1)} -d ${quote(child.description)}`,
  );
  const choices = node.choices.length ? [`complete -c openshell -n ${at} -f -a ${quote(node.choices.join(" "))}`] : [];
  return [...children, ...choices, ...node.flags.map((flag) => flagLine(at, flag))];
}

/** A completion script for fish 3 and later. */
export function fishCompletion(root: Node): string {
  const commands = everyNode(root)
    .slice(1)
    .map(({ path }) => quote(path.join(" ")));
  return `# fish completion for openshell
function __openshell_at --description 'Whether the words before the cursor lead to this command'
    set -l path
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip -eq 1
            set skip 0
            continue
        end
        if contains -- $word ${valueFlags(root).join(" ")}
            set skip 1
            continue
        end
        test "$word" = --; and return 1
        set -l longer (string join ' ' -- $path $word)
        if contains -- "$longer" ${commands.join(" ")}
            set path $path $word
        end
    end
    test "$path" = "$argv[1]"
end
complete -c openshell -f
${everyNode(root).flatMap(linesFor).join("\n")}
`;
}
