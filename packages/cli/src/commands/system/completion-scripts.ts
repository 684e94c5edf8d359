/**
 * What shells load. Each asks `causeway __complete WORD...` for what may stand where the cursor is: a candidate a line, a tab and what it
 * says behind it; a line ":files" lets the shell complete names of files.
 */

const bash = `# bash completion for causeway
_causeway() {
  local word=\${COMP_WORDS[COMP_CWORD]} line
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == :files ]]; then
      compopt -o default
      return
    fi
    line=\${line%%$'\\t'*}
    [[ $line == "$word"* ]] && COMPREPLY+=("$line")
  done < <("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
# "=" and ":" stay in words: filters and ports have them.
COMP_WORDBREAKS=\${COMP_WORDBREAKS//[=:]/}
complete -F _causeway causeway
`;

const zsh = `#compdef causeway
_causeway() {
  local -a found
  local line
  for line in "\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then
      _files
      return
    fi
    [[ -n $line ]] && found+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe causeway found
}
if [[ \${zsh_eval_context[-1]} == loadautofunc ]]; then
  _causeway "$@"
else
  compdef _causeway causeway
fi
`;

const fish = `# fish completion for causeway
function __causeway_complete
  set -l words (commandline -opc) (commandline -ct)
  for line in ($words[1] __complete $words[2..-1] 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path (commandline -ct)
    else
      echo $line
    end
  end
end
complete -c causeway -f -a '(__causeway_complete)'
`;

export const completionScripts: Readonly<Record<string, string>> = { bash, zsh, fish };
