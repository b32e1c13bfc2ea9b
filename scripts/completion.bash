# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion for bookend. Tools and options are asked of the programs themselves,
# so that what is completed is what is there.
_bookend()
{
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
	local tool=${COMP_WORDS[1]} program=${COMP_WORDS[0]} values

	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		COMPREPLY=($(compgen -W "$("$program" --help 2>/dev/null |
			sed -n 's/^  \([a-z]*\)  .*/\1/p') --help --version" -- "$word"))
		return
	fi
	[ "$word" = = ] && word=
	[ "$before" = = ] && before=${COMP_WORDS[COMP_CWORD-2]}
	if [[ $before == --* ]]; then
		values=$("$program" "$tool" --help=words 2>/dev/null |
			sed -n "s/^$before	//p")
		case $values in
		\|*) COMPREPLY=($(compgen -W "${values//|/ }" -- "$word")); return ;;
		DIR) COMPREPLY=($(compgen -d -- "$word")); return ;;
		?*) COMPREPLY=($(compgen -f -- "$word")); return ;;
		esac
	fi
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$("$program" "$tool" --help=words 2>/dev/null |
			cut -f1)" -- "$word"))
		return
	fi
	COMPREPLY=($(compgen -f -- "$word"))
}
complete -o filenames -F _bookend bookend
