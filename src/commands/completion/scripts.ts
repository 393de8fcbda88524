/**
 * The scripts call `regctl complete -- WORDS` and take its lines as data: what a registry lists
 * never reaches `eval`, `compgen -W` or any other place where a shell would run it.
 */

/** For bash 3.2 and later; needs nothing of the package bash-completion. */
export const BASH = String.raw`# bash completion for regctl
_regctl() {
  local rest=\${COMP_LINE:0:COMP_POINT} words=() i word text line cut directive=4

  # bash splits words at : and = too. What no blank separates is one word.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    text=\${rest#"\${rest%%[![:space:]]*}"}
    word=\${COMP_WORDS[i]}
    ((i == COMP_CWORD)) && word=$text
    if ((i == 0)) || [[ $text != "$rest" || -z $text ]]; then
      words[\${#words[@]}]=$word
    else
      words[\${#words[@]} - 1]+=$word
    fi
    rest=\${text#"$word"}
  done

  # readline replaces only what follows the last such character, unless the word is quoted.
  word=\${words[\${#words[@]} - 1]}
  cut=
  if [[ $word != [\"\']* ]]; then
    cut=\${word%"\${word##*[$COMP_WORDBREAKS]}"}
    cut=\${cut//\\/}
  fi
  for ((i = 0; i < \${#words[@]}; i++)); do
    text=\${words[i]//\\/}
    text=\${text//\"/}
    words[i]=\${text//\'/}
  done
  word=\${words[\${#words[@]} - 1]}

  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :*) directive=\${line#:} ;;
      *)
        text=\${line%%$'\t'*}
        [[ $text == "$word"* ]] && COMPREPLY[\${#COMPREPLY[@]}]=\${text#"$cut"}
        ;;
    esac
  done < <(command regctl complete -- "\${words[@]:1}" 2>/dev/null)

  [[ $directive == *[!0-9]* ]] && return
  if type compopt >/dev/null 2>&1; then
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    ((directive & 4)) && compopt +o default 2>/dev/null
  fi
  return 0
}
complete -o default -F _regctl regctl
`.replaceAll('\\${', '${');

export const ZSH = String.raw`#compdef regctl
# zsh completion for regctl
_regctl() {
  local line value directive=4
  local -a given values shown lines
  given=("\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}")
  lines=("\${(@f)$(command regctl complete -- "\${given[@]}" 2>/dev/null)}")
  for line in "\${lines[@]}"; do
    case $line in
      :*) directive=\${line#:} ;;
      ?*)
        value=\${line%%$'\t'*}
        values+=("$value")
        if [[ $line == *$'\t'* ]]; then
          shown+=("$value  -- \${line#*$'\t'}")
        else
          shown+=("$value")
        fi
        ;;
    esac
  done
  [[ $directive == *[^0-9]* ]] && return 1
  if (( \${#values} == 0 )); then
    (( directive & 4 )) || _files
    return
  fi
  local -a options
  (( directive & 2 )) && options=(-S '')
  compadd -l -d shown "\${options[@]}" -a values
}
if [[ \${funcstack[1]} == _regctl ]]; then
  _regctl "$@"
else
  compdef _regctl regctl
fi
`.replaceAll('\\${', '${');

export const FISH = String.raw`# fish completion for regctl
function __regctl_complete
    set -l given (commandline -opc)
    set -e given[1]
    set -l word (commandline -ct)
    set -l lines (command regctl complete -- $given "$word" 2>/dev/null)
    set -l directive (string match -r '^:[0-9]+$' -- $lines[-1] | string sub -s 2)
    for line in $lines
        string match -q ':*' -- $line; or printf '%s\n' $line
    end
    if test -n "$directive"; and test (count $lines) -eq 1; and test $directive -lt 4
        __fish_complete_path "$word"
    end
end
complete -c regctl -e
complete -c regctl -f -a '(__regctl_complete)'
`;

/** For PowerShell 5.1 and later. An empty word cannot be passed to a program there: `--next`. */
export const POWERSHELL = `# PowerShell completion for regctl
Register-ArgumentCompleter -Native -CommandName 'regctl' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $given = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text.Trim([char]34, [char]39) })
    $next = @()
    if ($wordToComplete -eq '') { $next = @('--next') }
    $program = Get-Command -Name 'regctl' -CommandType Application, ExternalScript |
        Select-Object -First 1
    foreach ($line in @(& $program complete @next -- @given 2>$null)) {
        if ($line.StartsWith(':')) { continue }
        $parts = $line.Split([char]9)
        $text = $parts[0]
        $about = $parts[-1]
        [System.Management.Automation.CompletionResult]::new($text, $text, 'ParameterValue', $about)
    }
}
`;
