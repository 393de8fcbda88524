#!/bin/bash
# `podman run` of a registry is Debian's docker-registry; the rest is podman.
# STAND_IN: a folder for process IDs. REAL_PODMAN: podman itself.
options=()
while [[ $1 == --* ]]; do
  if [[ $1 == --runtime ]]; then shift; fi
  if [[ $1 == --root ]]; then options+=("$1" "$2"); shift; fi
  shift
done

if [[ $1 == rm ]]; then
  file=$STAND_IN/${!#}.pid
  [[ -e $file ]] || exit 0
  kill "$(cat "$file")"
  rm "$file"
  exit
fi
if [[ $1 != run ]]; then exec "$REAL_PODMAN" "${options[@]}" "$@"; fi

shift
environment=()
while [[ $1 == -* ]]; do
  case $1 in
    -v) auth=${2%%:*}; shift ;;
    -p) port=${2%%:*}; shift ;;
    -e) environment+=("$2"); shift ;;
    --name) name=$2; shift ;;
  esac
  shift
done
data=$(mktemp -d --tmpdir="$STAND_IN")
printf 'version: 0.1\n' >"$data/config.yml"
# Open files of bats are not inherited: it waits until they are closed.
env "${environment[@]/\/auth\//$auth/}" \
  REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY="$data" REGISTRY_HTTP_ADDR="127.0.0.1:$port" \
  docker-registry serve "$data/config.yml" >"$data/log" 2>&1 </dev/null 3>&- 4>&- &
echo $! >"$STAND_IN/$name.pid"
