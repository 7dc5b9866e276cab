#!/usr/bin/env bash
# Unpacks Debian unstable's prometheus, promtool and prometheus-alertmanager (Go programs, which run on Debian 12 too) below a
# folder, without installing them: fetch_newest.sh FOLDER
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
folder=$(realpath -m "$1")
apt=$folder/apt
mkdir -p "$apt"/{lists/partial,cache/archives/partial,sources.list.d,preferences.d}
cd "$folder"
: >"$apt/status"
"$here/../../scripts/debian_source.sh" sid >"$apt/sources.list"
cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/sources.list.d";
Dir::Etc::preferences "$apt/preferences";
Dir::Etc::preferencesparts "$apt/preferences.d";
Dir::State::lists "$apt/lists";
Dir::State::status "$apt/status";
Dir::Cache "$apt/cache";
APT::Sandbox::User "root";
CONF
export APT_CONFIG=$apt/apt.conf
apt-get -qq update
rm -f ./*.deb
apt-get -qq download prometheus promtool prometheus-alertmanager
for package in ./*.deb; do
  dpkg -x "$package" .
done
