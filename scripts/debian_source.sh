#!/usr/bin/env bash
# Where this machine gets Debian from: prints a source for apt, in its one-line format, for another suite at the same mirror and
# with the same key.
#
#   scripts/debian_source.sh SUITE [FOLDER]        for example bookworm-backports; of the sources below FOLDER, /etc/apt
set -euo pipefail

suite=${1:?"usage: debian_source.sh SUITE [FOLDER]"}
sources=${2:-/etc/apt}

# "URI KEY" of each source that has packages of a whole release: not those of security updates.
sources_of_stanzas() {
  awk 'BEGIN { RS = "" }
    {
      uri = ""; key = ""; is_binary = 0; is_release = 0
      count = split($0, lines, "\n")
      for (i = 1; i <= count; i++) {
        words = split(lines[i], word, /[ \t]+/)
        if (word[1] == "URIs:") uri = word[2]
        if (word[1] == "Signed-By:") key = word[2]
        for (j = 2; j <= words; j++) {
          if (word[1] == "Types:" && word[j] == "deb") is_binary = 1
          if (word[1] == "Suites:" && word[j] == codename) is_release = 1
        }
      }
      if (is_binary && is_release && uri != "") print uri, key
    }' codename="$codename" "$@"
}

sources_of_lines() {
  sed -nE "s/^deb +(\[[^]]*\])? *([^ ]+) +$codename +.*/\2 \1/p" "$@" |
    sed -E 's/\[.*signed-by=([^] ]+).*\]/\1/; s/ \[.*\]//'
}

codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
shopt -s nullglob
stanzas=("$sources"/sources.list.d/*.sources)
lines=("$sources"/sources.lis[t] "$sources"/sources.list.d/*.list)
found=$(
  [ ${#stanzas[@]} -eq 0 ] || sources_of_stanzas "${stanzas[@]}"
  [ ${#lines[@]} -eq 0 ] || sources_of_lines "${lines[@]}"
)
found=${found%%$'\n'*}
if [ -z "$found" ] || [ -z "$codename" ]; then
  echo "debian_source: no source of Debian ${codename:-(no VERSION_CODENAME in /etc/os-release)} below $sources" >&2
  exit 1
fi
read -r uri key <<<"$found"
printf 'deb %s%s %s main\n' "${key:+[signed-by=$key] }" "$uri" "$suite"
