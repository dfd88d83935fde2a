# bash completion for skep. The options come from src/cmd/options.def: see man/tables.

_skep_options="
	# begin options
	-e --execute -l --list -p --pid -c --cmd -o --output -f --format -B --buffer -q --quiet
	-v --verbose -k --warnings --no-warnings -I --include-dir --include -d --debug --dry-run
	--unsafe --no-feature --info --engine --debuginfo --mode --test --bench --fmt
	--probe-filter --traceable-functions --usdt-file-activation --aot --emit-elf --emit-llvm
	--verify-llvm-ir --dwarf-pid --compat -b --btf -h --help -V --version
	# end options
"

_skep_vm_words="
	# begin vm
	run verify conformance asm disasm bench sessions prog map top
	# end vm
"

_skep_vm_options() {
	case $1 in
	# begin vmoptions
	run) echo "--jit --interp --kernel --type --repeat --mem --out" ;;
	verify) echo "--type -v" ;;
	conformance) echo "--jit --interp --elf" ;;
	asm) echo "-o" ;;
	bench) echo "--type --mem --repeat" ;;
	prog) echo "--pid" ;;
	map) echo "--pid" ;;
	top) echo "--pid" ;;
	# end vmoptions
	esac
}

_skep_verbs() {
	# begin verbs
	echo "vm flamegraph prog map link cgroup perf net feature btf token gen struct_ops iter top batch version tools"
	# end verbs
}

_skep_verb_options() {
	case $1 in
	# begin verboptions
	flamegraph) echo "--output --title --subtitle --width --height --fontsize --minwidth --countname --nametype --total --palette --seed --icicle --inverted --reverse --no-sort --differential --one-count --negate --normalize --map --offsets --help" ;;
	tools) echo "--source --man --json --links --help" ;;
	# end verboptions
	esac
}

_skep_tools() {
	"${COMP_WORDS[0]}" tools 2>/dev/null | sed -n 's/^  \([^ ]*\).*/\1/p'
}

# The probes that start with the word; bash splits words at colons, so what it has
# already taken has to go from the front of each answer. Not inside quotes.
_skep_probes() {
	local word=$1 taken=
	[[ $word == *:* && $COMP_WORDBREAKS == *:* && $2 != quoted ]] && taken=${word%"${word##*:}"}
	local IFS=$'\n' probe
	COMPREPLY=()
	while read -r probe; do
		COMPREPLY+=("${probe#"$taken"}")
	done < <("${COMP_WORDS[0]}" -l "${word}*" 2>/dev/null | head -n 5000)
	compopt -o nospace 2>/dev/null
}

# The options of a script that has some of its own, as its -h lists them; else nothing.
_skep_script_options() {
	"${COMP_WORDS[0]}" "$1" -h 2>/dev/null </dev/null | awk '
		NR == 1 && !/^usage: / { exit }
		/^[^ ]/ { inside = /^options:/ }
		inside && /^  -/ { for (i = 1; $i ~ /^-/; i++) { sub(/,$/, "", $i); print $i } }'
}

_skep() {
	local cur prev words cword
	if declare -F _init_completion >/dev/null; then
		_init_completion -n : || return
	else
		cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
		words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
	fi
	if [[ ${words[1]} == vm && $cword -ge 2 ]]; then
		if [[ $cword -eq 2 ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$_skep_vm_words" -- "$cur")
		elif [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_skep_vm_options "${words[2]}")" -- "$cur")
		else
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
		return
	fi
	if [[ $cword -ge 2 && -n $(_skep_verb_options "${words[1]}") ]]; then
		if [[ $cur == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_skep_verb_options "${words[1]}")" -- "$cur")
		elif [[ $prev == --source ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_skep_tools)" -- "$cur")
		elif [[ $prev == --links ]]; then
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		else
			compopt -o filenames 2>/dev/null
			mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		fi
		return
	fi
	local script
	for script in "${words[@]:1:cword-1}"; do
		[[ $cur == -* ]] || break
		[[ $script == *.bt && -f $script || # or a tool
			($script == "${words[1]}" && $script != *[^a-z0-9_]*) ]] || continue
		mapfile -t COMPREPLY < <(_skep_script_options "$script")
		((${#COMPREPLY[@]})) || continue
		mapfile -t COMPREPLY < <(compgen -W "${COMPREPLY[*]}" -- "$cur")
		return
	done
	case $prev in
	-p | --pid | --dwarf-pid)
		mapfile -t COMPREPLY < <(compgen -W "$(cd /proc && echo [0-9]*)" -- "$cur")
		return ;;
	-c | --cmd)
		mapfile -t COMPREPLY < <(compgen -c -- "$cur")
		return ;;
	-o | --output | --include | --aot | --emit-elf | --traceable-functions)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		return ;;
	-I | --include-dir | --debuginfo)
		compopt -o filenames 2>/dev/null
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return ;;
	-f | --format)
		mapfile -t COMPREPLY < <(compgen -W "text json" -- "$cur")
		return ;;
	-B | --buffer)
		mapfile -t COMPREPLY < <(compgen -W "line full none" -- "$cur")
		return ;;
	-d | --debug)
		local before=
		[[ $cur == *,* ]] && before=${cur%,*},
		mapfile -t COMPREPLY < <(compgen -P "$before" -W "parse ast types ir codegen passes
			codegen-opt bpf dis libbpf verifier all" -- "${cur##*,}")
		return ;;
	--compat)
		mapfile -t COMPREPLY < <(compgen -W "0.17" -- "$cur")
		return ;;
	--mode)
		mapfile -t COMPREPLY < <(compgen -W "codegen compiler-bench bench test format" -- "$cur")
		return ;;
	--engine)
		mapfile -t COMPREPLY < <(compgen -W "auto kernel user" -- "$cur")
		return ;;
	--no-feature)
		mapfile -t COMPREPLY < <(compgen -W "kprobe_multi kprobe_session uprobe_multi ringbuf" -- "$cur")
		return ;;
	-e | --execute) # its first probe; what comes then is for a person to say
		[[ $cur == [\'\"]* && $cur != *[\ {]* ]] && _skep_probes "${cur:1}" quoted
		return ;;
	-l | --list)
		_skep_probes "$cur"
		return ;;
	esac
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$_skep_options" -- "$cur")
		return
	fi
	local word
	for word in "${words[@]:1:cword-1}"; do
		case $word in
		-l | --list) _skep_probes "$cur"; return ;;
		esac
	done
	compopt -o filenames 2>/dev/null
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	if [[ $cword -eq 1 && -n $cur ]]; then
		mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(compgen -W "$(_skep_verbs) $(_skep_tools)" -- "$cur")
	fi
}

complete -F _skep skep
