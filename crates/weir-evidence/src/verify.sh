#!/bin/sh
# Verifies a bag of evidence with sha256sum, ssh-keygen and openssl, and the tools that every system has.
#
#   sh verify.sh BAG SIGNERS [TSA_CA [PRINCIPAL]]
#
# SIGNERS is a file of allowed signers as ssh-keygen(1) describes it; get it from the people you trust, not from the bag.
# TSA_CA holds the root certificates of the time stamp authority; without it those in the bag are used, for which the signer vouches.
# PRINCIPAL is who must have signed; without it, anybody whom SIGNERS lists may have.
# Needs OpenSSH 8.9 and OpenSSL 3.0 or later. A copy of this file from the bag is as good as the bag: compare it, or take one from elsewhere.
# Ends with 0 if nothing is wrong, with 1 and a line for each fault if something is, with 2 if it could not begin.
set -u
LC_ALL=C
export LC_ALL
[ $# -ge 2 ] || { echo "usage: sh verify.sh BAG SIGNERS [TSA_CA [PRINCIPAL]]" >&2; exit 2; }
absolute() { case $1 in /*) printf '%s\n' "$1" ;; *) printf '%s/%s\n' "$PWD" "$1" ;; esac; }
signers=$(absolute "$2")
roots=$(absolute "${3:-$1/tsa-ca.pem}")
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
CDPATH='' cd -- "$1" || exit 2
# Some tools take the name - for their input.
exec < /dev/null
bad=0
# Names and sayings of others may hold what moves a terminal.
refuse() { printf 'REFUSED %s\n' "$(printf '%s' "$*" | tr '\001-\037\177-\377' '?')"; bad=1; }

tags="tagmanifest-sha256.txt"
manifest="manifest-sha256.txt"

# --- Nothing but files and folders, and no tag file of more than 256 MiB.
find . ! -type f ! -type d > "$tmp/odd" || refuse "not all of it can be read"
while IFS= read -r name; do refuse "$name: neither a file nor a folder"; done < "$tmp/odd"
find . -path ./data -prune -o -type f -size +524288 -print > "$tmp/odd"
while IFS= read -r name; do refuse "$name: too large for what it is"; done < "$tmp/odd"
[ $bad = 0 ] || exit 1

# --- Manifests: digest, two spaces, plain name.
part='[A-Za-z0-9_+=,@-][A-Za-z0-9._+=,@-]*'
for list in "$tags" "$manifest"; do
  if [ ! -f "$list" ]; then refuse "$list: missing"; continue; fi
  [ -z "$(tail -c 1 "$list")" ] || refuse "$list: its last line was cut off"
  grep -v -E "^[0-9a-f]{64}  $part(/$part)*\$" "$list" > "$tmp/wrong" && refuse "$list: a line is not digest, two spaces, plain name"
done
# Names may lead anywhere, so nothing is opened by them.
[ $bad = 0 ] || exit 1
cut -c 67- "$manifest" > "$tmp/payload"
cut -c 67- "$tags" > "$tmp/tags"
grep -v '^data/' "$tmp/payload" > "$tmp/wrong" && refuse "$manifest: lists what is no payload"
grep -e '^data/' -e "^$tags" "$tmp/tags" > "$tmp/wrong" && refuse "$tags: lists what is no tag file"
grep -q -x -e - "$tmp/tags" && refuse "$tags: a name that stands for the input"
cat "$tmp/payload" "$tmp/tags" | tr '[:upper:]' '[:lower:]' | sort | uniq -d > "$tmp/wrong"
[ ! -s "$tmp/wrong" ] || refuse "$manifest, $tags: a name stands there twice"

# --- Whether there is a time stamp is said where the signature covers it.
stamped=yes
said=$(grep -c '^Weir-Time-Stamp: ' bag-info.txt)
if [ "$said" = 1 ] && grep -q '^Weir-Time-Stamp: none$' bag-info.txt; then stamped=no
elif [ "$said" != 1 ] || ! grep -q "^Weir-Time-Stamp: $tags.tsr\$" bag-info.txt; then refuse "bag-info.txt: does not say once whether there is a time stamp"
fi

# --- Nothing missing, nothing added.
required="bagit.txt bag-info.txt $manifest log/checkpoint log/key log/inclusion.tlog-proof verify.sh"
[ $stamped = no ] || required="$required tsa-ca.pem"
for name in $required; do
  grep -q -x -F "$name" "$tmp/tags" || refuse "$name: missing in $tags"
done
{
  cat "$tmp/payload" "$tmp/tags"
  printf '%s\n' "$tags" "$tags.sig"
  [ $stamped = no ] || printf '%s\n' "$tags.tsr"
} | sort -u > "$tmp/listed"
find . -type f | sed 's|^\./||' | sort > "$tmp/there"
comm -13 "$tmp/listed" "$tmp/there" > "$tmp/wrong"
while IFS= read -r name; do refuse "$name: added, no manifest lists it"; done < "$tmp/wrong"
comm -23 "$tmp/listed" "$tmp/there" > "$tmp/wrong"
while IFS= read -r name; do refuse "$name: missing"; done < "$tmp/wrong"

# --- No tag file altered.
unaltered() { sha256sum --strict --quiet -c "$1" > "$tmp/sums" 2>&1 || while IFS= read -r line; do refuse "$line"; done < "$tmp/sums"; }
unaltered "$tags"
printf 'BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n' | cmp -s - bagit.txt || refuse "bagit.txt: altered"

# --- The time stamp, under roots that were valid when it was made.
at=
if [ $stamped = yes ]; then
  openssl ts -reply -in "$tags.tsr" -text > "$tmp/stamp" 2>/dev/null
  stamp=$(sed -n 's/^Time stamp: *//p' "$tmp/stamp")
  # Month, day, time, year: to seconds since 1970, and to what ssh-keygen reads.
  times=$(printf '%s\n' "$stamp" | awk '{
    m = (index("JanFebMarAprMayJunJulAugSepOctNovDec", $1) + 2) / 3; split($3, t, "[:.]")
    y = $4 - (m <= 2); c = int(y / 400); r = y - c * 400; n = int((153 * (m + (m > 2 ? -3 : 9)) + 2) / 5) + $2 - 1
    days = c * 146097 + r * 365 + int(r / 4) - int(r / 100) + n - 719468
    printf "%d %04d%02d%02d%02d%02d%02dZ", days * 86400 + t[1] * 3600 + t[2] * 60 + t[3], $4, m, $2, t[1], t[2], t[3]
  }')
  if openssl ts -verify -attime "${times%% *}" -data "$tags" -in "$tags.tsr" -CAfile "$roots" > "$tmp/out" 2>&1; then
    echo "time stamp: $stamp"
    # Under roots that only the bag vouches for, it proves no time at which an old key was still valid.
    [ $# -lt 3 ] || at="-Overify-time=${times##* }"
  else
    refuse "$tags.tsr: the time stamp does not hold"
  fi
fi

# --- The signature, by somebody who is listed.
if [ $# -ge 4 ]; then
  printf '%s\n' "$4" > "$tmp/principals"
else
  # shellcheck disable=SC2086
  ssh-keygen -Y find-principals $at -f "$signers" -s "$tags.sig" > "$tmp/principals" 2>/dev/null
fi
signed=no
while IFS= read -r principal; do
  # shellcheck disable=SC2086
  if ssh-keygen -Y verify $at -f "$signers" -I "$principal" -n weir-evidence -s "$tags.sig" < "$tags" > "$tmp/out" 2>&1; then
    signed=yes
    cat "$tmp/out"
    break
  fi
done < "$tmp/principals"
[ $signed = yes ] || refuse "$tags.sig: nobody who is listed signed this"

# --- The payload: as large as its signer said, and not altered. Of what nobody vouches for, no more than 256 MiB are read.
bytes=$(find data -type f -exec wc -c {} + 2>/dev/null | awk '$2 != "total" { n++; sum += $1 } END { printf "%.0f.%d", sum, n }')
[ "$(grep '^Payload-Oxum: ' bag-info.txt)" = "Payload-Oxum: $bytes" ] || refuse "bag-info.txt: does not say that the payload has $bytes bytes.files"
if [ $bad = 1 ] && awk -v bytes="$bytes" 'BEGIN { exit !(int(bytes) > 268435456) }'; then
  refuse "data: too large to be read of a bag that is refused"
  exit 1
fi
unaltered "$manifest"

# --- Merkle trees of RFC 6962: a leaf is SHA-256(0x00 data), a node SHA-256(0x01 left right).
# The shell's own arithmetic, since a proof has thousands of nodes.
raw() {
  todo=$1
  octal=
  while [ -n "$todo" ]; do
    byte=0x${todo%"${todo#??}"}
    todo=${todo#??}
    octal=$octal\\$((byte / 64))$((byte / 8 % 8))$((byte % 8))
  done
  # shellcheck disable=SC2059
  printf "$octal"
}
digest() { sha256sum | { read -r sum rest; printf '%s\n' "$sum"; }; }
node() { { printf '\001'; raw "$1$2"; } | digest; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
number() { printf '%s\n' "$1" | grep -q -E '^(0|[1-9][0-9]{0,14})$'; }

# --- The log's checkpoint, signed by the log's key.
key=$(cat log/key)
log=${key%%+*}
public=${key#*+}
public=${public#*+}
printf '%s' "$public" | openssl base64 -d -A > "$tmp/key" 2>/dev/null
{ printf '\060\052\060\005\006\003\053\145\160\003\041\000'; tail -c 32 "$tmp/key"; } > "$tmp/key.der"
openssl pkey -pubin -inform DER -in "$tmp/key.der" -out "$tmp/key.pem" 2>/dev/null
id=$({ printf '%s\n' "$log"; cat "$tmp/key"; } | digest | cut -c 1-8)
# An Ed25519 key: its type and 32 bytes.
type=$(head -c 1 "$tmp/key" | hex)
if ! printf '%s' "$log" | grep -q -x '[!-~]*' || [ "$key" != "$log+$id+$public" ] || [ "$type" != 01 ] || [ "$(wc -c < "$tmp/key" | tr -d ' ')" != 33 ]; then
  refuse "log/key: not a signed-note key"
fi
sed '/^$/,$d' log/checkpoint > "$tmp/text"
awk -v name="$log" '$1 == "—" && $2 == name { print $3; exit }' log/checkpoint | tr -d '\n' | openssl base64 -d -A > "$tmp/note" 2>/dev/null
tail -c 64 "$tmp/note" > "$tmp/sig"
if [ "$(head -c 4 "$tmp/note" | hex)" != "$id" ] || [ "$(sed -n 1p "$tmp/text")" != "$log" ] ||
  ! openssl pkeyutl -verify -pubin -inkey "$tmp/key.pem" -rawin -in "$tmp/text" -sigfile "$tmp/sig" > "$tmp/out" 2>&1; then
  refuse "log/checkpoint: the log did not sign it"
fi

# --- The bag's manifest is a leaf of the log (RFC 9162, section 2.1.3.2).
proof=log/inclusion.tlog-proof
sed '1,/^$/d' "$proof" | cmp -s - log/checkpoint || refuse "$proof: proves another checkpoint"
size=$(sed -n 2p "$tmp/text")
index=$(sed -n '2s/^index //p' "$proof")
root=$(sed -n 3p "$tmp/text" | tr -d '\n' | openssl base64 -d -A 2>/dev/null | hex)
if number "$size" && number "$index" && [ "$index" -lt "$size" ] && [ "$(sed -n 1p "$proof")" = c2sp.org/tlog-proof@v1 ]; then
  hash=$({ printf '\000'; raw "$(digest < "$manifest")"; } | digest)
  i=$index
  last=$((size - 1))
  # shellcheck disable=SC2013
  for beside in $(sed '1,2d' "$proof" | sed '/^$/,$d'); do
    [ "$last" -gt 0 ] || { last=-1; break; }
    beside=$(printf '%s' "$beside" | openssl base64 -d -A 2>/dev/null | hex)
    if [ $((i & 1)) = 1 ] || [ "$i" = "$last" ]; then
      hash=$(node "$beside" "$hash")
      while [ $((i & 1)) = 0 ] && [ "$i" != 0 ]; do i=$((i >> 1)); last=$((last >> 1)); done
    else
      hash=$(node "$hash" "$beside")
    fi
    i=$((i >> 1))
    last=$((last >> 1))
  done
  if [ "$last" != 0 ] || [ "$hash" != "$root" ]; then refuse "$proof: $manifest does not stand in the log"; fi
else
  refuse "$proof: not a proof"
fi

# --- Each excerpt stands in its original.
member() { sed -n "s/^$2\"$3\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$1"; }
order="version file original path sha256 bytes leaf leaves root offset length sha256 first_leaf leaves nodes "
laid_out() {
  ! grep -q -v -x -E '[{}]|  (},|])|  "original": [{]|  "nodes": [[]]?|    "[0-9a-f]{64}",?|  (  )?"[a-z0-9_]+": ("([^"\\]|\\.)*"|[0-9]+),?' "$1" &&
    [ "$(sed -n 's/^ *"\([a-z0-9_]*\)": .*/\1/p' "$1" | tr '\n' ' ')" = "$order" ] && [ "$(member "$1" '  ' version)" = 1 ]
}
proven() {
  laid_out "$1" || return 1
  total=$(member "$1" '    ' leaves)
  first=$(member "$1" '  ' first_leaf)
  count=$(member "$1" '  ' leaves)
  kind=$(member "$1" '    ' leaf)
  offset=$(member "$1" '  ' offset)
  length=$(member "$1" '  ' length)
  bytes=$(member "$1" '    ' bytes)
  root=$(member "$1" '    ' root)
  excerpt=data/excerpts/$(member "$1" '  ' file)
  rest=$(sed -n '/^  "nodes": \[$/,/^  \]/s/^    "\([0-9a-f]\{64\}\)",\{0,1\}$/\1/p' "$1" | tr '\n' ' ')
  grep -q -x -F "$excerpt" "$tmp/payload" && number "$total" && number "$first" && number "$count" || return 1
  number "$offset" && number "$length" && number "$bytes" && [ $((offset + length)) -le "$bytes" ] || return 1
  [ "$(digest < "$excerpt")" = "$(member "$1" '  ' sha256)" ] || return 1
  [ "$(wc -c < "$excerpt" | tr -d ' ')" = "$length" ] || return 1
  case $kind in
    line) have=$(awk 'END { print NR }' "$excerpt") ;;
    chunk-4096)
      have=$(((length + 4095) / 4096))
      [ $((first * 4096)) = "$offset" ] || return 1
      ;;
    *) return 1 ;;
  esac
  [ "$have" = "$count" ] || return 1
  # N takes a node of the proof, L the next leaf of the excerpt, J joins the last two.
  plan=$(awk -v n="$total" -v a="$first" -v c="$count" '
    function tree(from, to, half) {
      if (to <= a || from >= a + c) { printf "N "; return }
      if (to - from == 1) { printf "L "; return }
      for (half = 1; half * 2 < to - from;) half *= 2
      tree(from, from + half); tree(from + half, to); printf "J "
    }
    BEGIN { if (c > 0 && a + c <= n) tree(0, n) }')
  set --
  leaf=0
  for step in $plan; do
    case $step in
      N) [ -n "$rest" ] || return 1; set -- "${rest%% *}" "$@"; rest=${rest#* } ;;
      L)
        leaf=$((leaf + 1))
        hash=$({
          printf '\000'
          if [ "$kind" = line ]; then tail -n "+$leaf" "$excerpt" | head -n 1; else dd if="$excerpt" bs=4096 skip=$((leaf - 1)) count=1 2>/dev/null; fi
        } | digest)
        set -- "$hash" "$@"
        ;;
      J) hash=$(node "$2" "$1"); shift 2; set -- "$hash" "$@" ;;
    esac
  done
  [ $# = 1 ] && [ "$1" = "$root" ] && [ -z "$rest" ]
}
excerpts=0
: > "$tmp/proven"
for json in data/excerpts/*.json; do
  [ -f "$json" ] || continue
  excerpts=$((excerpts + 1))
  printf 'data/excerpts/%s\n' "$(member "$json" '  ' file)" >> "$tmp/proven"
  proven "$json" || refuse "$json: the excerpt does not stand in its original"
  # The original is one of the intake account's; a file that could not be read to its end has no digest there.
  [ ! -f data/intake.jsonl ] || grep -F "\"path\":$(sed -n 's/^    "path": \(".*"\),$/\1/p' "$json")," data/intake.jsonl |
    grep -q -F -e "\"sha256\":\"$(member "$json" '    ' sha256)\"" -e '"sha256":null' || refuse "$json: data/intake.jsonl knows no such original"
done
grep '^data/excerpts/' "$tmp/payload" | grep -v -e '\.json$' | while IFS= read -r name; do
  grep -q -x -F "$name" "$tmp/proven" || printf '%s\n' "$name"
done > "$tmp/wrong"
while IFS= read -r name; do refuse "$name: no proof is there for it"; done < "$tmp/wrong"

# --- The custody log: each line ends with the digest of the one before.
if [ -f data/custody.jsonl ]; then
  previous=null
  line_number=0
  while IFS= read -r line; do
    line_number=$((line_number + 1))
    case $line in
      *",\"previous\":$previous}") ;;
      *) refuse "data/custody.jsonl: the chain is broken at line $line_number"; break ;;
    esac
    previous="\"$(printf '%s\n' "$line" | digest)\""
  done < data/custody.jsonl
  [ -z "$(tail -c 1 data/custody.jsonl)" ] || refuse "data/custody.jsonl: its last line was cut off"
fi

[ $bad = 0 ] && echo "whole: $(wc -l < "$tmp/payload" | tr -d ' ') files, $excerpts excerpts, leaf $index of $size in the log $log"
exit $bad
