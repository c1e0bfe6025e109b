#!/bin/bash
# Completion in bash and zsh, for real: every verb and option of the help is offered, sessions come
# from the daemon, and nothing that somebody named is ever run.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bus_start
daemon_start
cd "$work" || exit 1
touch file1 'file two'
mkdir -p folder tracing/events/skb/kfree_skb tracing/events/skb/consume_skb tracing/events/net/netif_rx
export NFTTRACECTL_TRACEFS=$work/tracing
export NFTTRACED_PROFILE_PATH=$source_root/client/profiles

# complete WORD...: what bash offers for the last word, words broken as readline does; a line each.
complete_bash() {
        bash -c '
                . "$1"
                shift
                COMP_WORDBREAKS=$'"' \t\n\"\\\\'\"'\"'><=;|&(:'"'
                COMP_WORDS=("$@")
                COMP_CWORD=$(($# - 1))
                _nfttracectl
                [ ${#COMPREPLY[@]} = 0 ] || printf "%s\n" "${COMPREPLY[@]}"
        ' bash "$source_root/client/completion/nfttracectl" nfttracectl "$@" 2>"$work/completion.err"
}

# offers EXPECTED WORD...: exactly these, in any order, bars between them.
offers() {
        local expected=$1
        shift
        equal "$(complete_bash "$@" | sort | tr '\n' '|')" "$(tr '|' '\n' <<<"$expected" | sed '/^$/d' | sort | tr '\n' '|')" &&
                equal "$(cat "$work/completion.err")" ""
}

# bars WORD...: the words with bars between them.
bars() {
        local IFS='|'
        echo "$*"
}

# offered LINE WORD...
offered() {
        local line=$1
        shift
        complete_bash "$@" | grep -qxF -- "$line"
}

mapfile -t verbs < <(nfttracectl --help | sed -nE '/^Commands:/,/^$/s/^  ([a-z]+) .*/\1/p')
check "there are verbs" test "${#verbs[@]}" -ge 10
check "bash offers every verb" offers "$(bars "${verbs[@]}")" ""
check "those that begin so" offers "start|status|stats" "sta"
for verb in "${verbs[@]}"; do
        mapfile -t options < <(nfttracectl "$verb" --help | grep -oE -- '^  (-., )?--[a-z-]+=?' | grep -oE -- '--.*')
        check "$verb has options" test "${#options[@]}" -ge 1
        check "bash offers those of $verb" offers "$(bars "${options[@]}")" "$verb" "--"
done

id=$(nfttracectl start --name web)
old=$(nfttracectl start --name old)
nfttracectl stop old >totals
check "sessions by id and name" offers "$id|web" stop ""
check "only those that run" offers "" stop "ol"
check "those that have ended, too, where they are wanted" offers "old" remove "o"
check "after options" offers "web" set --verdicts drop "w"
check "and after those with a value in them" offers "web" follow --color=never "w"
check "the value of an option is no verb" offers "start|status|stats" --host here "sta"
check "sessions and files" offers "file1|file\\ two" show "fi"
check "a folder can be continued" offers "folder/" show "fol"
check "verdicts" offers "drop" start --verdicts "dr"
check "several of them" offers "drop,accept|drop,all" start -v "drop,a"
check "behind a =" offers "return|repeat" start "--verdicts" "=" "re"
check "sections" offers "skb|stack" start --sections "s"
check "profiles" offers "drops" start --profile "dr"
check "colours" offers "always|auto" show --color "a"
check "what drops are sorted by" offers "bytes" drops --sort "b"
check "probes begin" offers "tp:|kprobe:|kretprobe:" start --probe ""
check "tracepoints" offers "consume_skb|kfree_skb" start -p tp : skb :
check "of a group, from its first letters" offers "net:netif_rx" start --probe tp : net
check "files to write" offers "file1|file\\ two" pcap -o "fi"
check "expressions are not completed" offers "" start "ud"

# Names that would do something if anything ran or split them.
for name in '$(touch pwned)' '`touch pwned`' 'a b' "it's" '*'; do
        nfttracectl start --name "$name" >/dev/null
done
check "a name is quoted" offered '\$\(touch\ pwned\)' stop '$'
check "in quotes it is left out rather than run" offers "" stop "'\$"
check "a blank is quoted" offered 'a\ b' stop a
check "and not in quotes" offered 'a b' stop "'a"
check "a word that is quoted already can be continued" offered 'a\ b' stop 'a\ '
check "an apostrophe is quoted" offered "it\\'s" stop it
check "a star is not the files" offered '\*' stop '*'
complete_bash stop "" >all
complete_bash stop '$(' >all
complete_bash '$(touch pwned)' "" >all
complete_bash start --profile '$(touch pwned)' >all
check "nothing was run" test ! -e pwned

# zsh: a terminal of its own, where Tab is pressed.
cat >zsh.test <<'END'
zmodload zsh/zpty || exit 1
zpty z "ZDOTDIR=$PWD PS1='ask> ' zsh -f -i"
await() { local text all=; while [[ $all != *$~1* ]]; do zpty -r z text || return 1; all+=$text; done; print -r -- "$all"; }
zpty -w z "stty columns 300 rows 100; fpath=($1 \$fpath); autoload -U compinit; compinit -u -d $PWD/dump"
zpty -w z "list() { zle list-choices; zle -R; print -r -- LIS''TED }; zle -N list; bindkey '^D' list; LISTMAX=1000; echo rea''dy"
await '*ready*' >/dev/null
zpty -w -n z "$2"$'\C-d'
await '*LISTED*'
zpty -d z
END
# offers_zsh TYPED WORD...: a key that comes before zsh reads goes to the terminal and is lost: it
# is tried again.
offers_zsh() {
        local typed=$1 word missing try
        shift
        for try in 1 2 3 4; do
                timeout $((try * 4)) zsh -f zsh.test "$source_root/client/completion" "nfttracectl $typed" >zsh.out 2>&1
                missing=
                for word; do
                        grep -qE -- "(^|[^a-z-])${word//\*/\\*}([^a-z-]|\$)" zsh.out || missing="$missing $word"
                done
                [ -n "$missing" ] || return 0
        done
        echo "zsh does not offer$missing:"
        cat zsh.out
        return 1
}
check "zsh finds no fault with it" zsh -n "$source_root/client/completion/_nfttracectl"
check "zsh offers every verb" offers_zsh "" "${verbs[@]}"
check "zsh offers sessions" offers_zsh "stop " "$id" web
check "zsh offers those that have ended" offers_zsh "remove " "$old" old
check "zsh offers sessions and files" offers_zsh "show " web file1 folder
check "zsh offers verdicts" offers_zsh "start --verdicts " drop accept stolen
check "zsh offers tracepoints" offers_zsh "start --probe tp:skb:" tp:skb:kfree_skb
check "zsh offers profiles" offers_zsh "start --profile " nft-dropmon journey
for verb in start list; do
        mapfile -t options < <(nfttracectl "$verb" --help | grep -oE -- '^  (-., )?--[a-z-]+' | grep -oE -- '--.*')
        check "zsh offers the options of $verb" offers_zsh "$verb --" "${options[@]}"
done
check "zsh has run nothing" test ! -e pwned

# A daemon that does not answer does not keep the shell waiting, nor is one started.
kill -STOP "$daemon_pid"
begin=$SECONDS
complete_bash stop "" >all
check "a daemon that hangs costs two seconds" test $((SECONDS - begin)) -le 4
kill -CONT "$daemon_pid"
