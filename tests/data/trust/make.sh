#!/bin/bash
# Makes weak.gpg, certificates that `airlock trust check` warns of, and two-subkeys.*, one
# certificate and what two of its subkeys signed. The secret keys are thrown away.
# Run with GnuPG 2.2.
set -euo pipefail
export GNUPGHOME=$(mktemp -d)
trap 'gpgconf --kill all; rm -rf "$GNUPGHOME"' EXIT
quick=(gpg --batch --quiet --passphrase '' --pinentry-mode loopback)
"${quick[@]}" --quick-gen-key 'short rsa' rsa1024 sign never
"${quick[@]}" --quick-gen-key 'dsa' dsa2048 sign never
"${quick[@]}" --cert-digest-algo SHA1 --quick-gen-key 'sha1 self-signature' ed25519 sign never
gpg --batch --export > "$(dirname "$0")/weak.gpg"

"${quick[@]}" --quick-gen-key 'two subkeys' ed25519 cert never
whole=$(gpg --batch --with-colons --list-keys 'two subkeys' | awk -F: '/^fpr/ { print $10; exit }')
"${quick[@]}" --quick-add-key "$whole" ed25519 sign never
"${quick[@]}" --quick-add-key "$whole" ed25519 sign never
cd "$(dirname "$0")"
echo data > two-subkeys.txt
number=0
for subkey in $(gpg --batch --with-colons --list-keys "$whole" | awk -F: '/^sub/ { below = 1 } below && /^fpr/ { print $10 }'); do
    number=$((number + 1))
    "${quick[@]}" -u "$subkey!" -o two-subkeys.$number.sig -b two-subkeys.txt
done
gpg --batch --export "$whole" > two-subkeys.gpg
