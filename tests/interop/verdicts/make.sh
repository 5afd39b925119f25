# Makes keys with GnuPG and signs `data` with them: NAME.sig each, and their certificates in all.gpg.
quick() { gpg --batch --quiet --yes --no-auto-check-trustdb --passphrase '' --pinentry-mode loopback "$@" 2>> gpg.log; }
# key NAME ALGORITHM [EXPIRES [OPTION...]]
key() { quick "${@:4}" --quick-gen-key "<$1@v>" "$2" sign "${3:-never}"; }
# sign NAME KEY [OPTION...]
sign() { quick "${@:3}" -u "$2" -o "$1.sig" -b data; }
print() { gpg --batch --with-colons --list-keys "<$1@v>" 2>> gpg.log | awk -F: '/^fpr/ { print $10 }' | sed -n "$2p"; }

# Algorithms of keys, and of digests.
for algorithm in rsa1024 rsa2048 rsa3072 rsa4096 dsa1024 dsa2048 ed25519 nistp256 nistp384 nistp521 \
    brainpoolP256r1 brainpoolP384r1 brainpoolP512r1 secp256k1; do
    key "$algorithm" "$algorithm"
    sign "$algorithm" "<$algorithm@v>"
done
for digest in sha1 ripemd160 sha224 sha256 sha384 sha512; do
    sign "digest-$digest" "<rsa2048@v>" --digest-algo "$digest"
done

# The life of keys and signatures.
key expired-key ed25519 30d --faked-system-time 20240101T000000
sign expired-key "<expired-key@v>" --faked-system-time 20240110T000000
key extended-key ed25519 30d --faked-system-time 20240101T000000
sign extended-key "<extended-key@v>" --faked-system-time 20240110T000000
quick --quick-set-expire "$(print extended-key 1)" 0
quick --faked-system-time 20240101T000000 --quick-gen-key "<expired-subkey@v>" ed25519 cert never
quick --faked-system-time 20240101T000000 --quick-add-key "$(print expired-subkey 1)" ed25519 sign 30d
sign expired-subkey "$(print expired-subkey 2)!" --faked-system-time 20240110T000000
quick --faked-system-time 20240101T000000 --quick-gen-key "<expired-primary@v>" ed25519 cert 30d
quick --faked-system-time 20240101T000000 --quick-add-key "$(print expired-primary 1)" ed25519 sign never
sign expired-primary "$(print expired-primary 2)!" --faked-system-time 20240110T000000
key sha1-self-signature ed25519 never --cert-digest-algo SHA1
sign sha1-self-signature "<sha1-self-signature@v>"
quick --quick-gen-key "<subkeys@v>" ed25519 cert never
quick --quick-add-key "$(print subkeys 1)" ed25519 sign never
quick --quick-add-key "$(print subkeys 1)" ed25519 sign never
sign subkey-one "$(print subkeys 2)!"
sign subkey-two "$(print subkeys 3)!"
quick --quick-gen-key "<revoked-subkey@v>" ed25519 cert never
quick --quick-add-key "$(print revoked-subkey 1)" ed25519 sign never
sign revoked-subkey "$(print revoked-subkey 2)!"
printf 'key 1\nrevkey\ny\n1\n\ny\nsave\n' |
    gpg --batch --quiet --no-tty --command-fd 0 --edit-key "$(print revoked-subkey 1)" > edit.log 2>&1
for reason in compromised superseded; do
    key "revoked-$reason" ed25519
    sign "revoked-$reason" "<revoked-$reason@v>"
    case $reason in compromised) code=1 ;; superseded) code=2 ;; esac
    printf 'y\n%s\n\ny\n' "$code" |
        gpg --no-tty --command-fd 0 --gen-revoke "$(print "revoked-$reason" 1)" > "$reason.rev" 2>> gpg.log
    quick --import "$reason.rev"
done
key older ed25519 never --faked-system-time 20230101T000000
sign expired-signature "<older@v>" --faked-system-time 20240101T000000 --default-sig-expire 1d
sign future-days "<ed25519@v>" --faked-system-time "$(date -u -d '+10 days' +%Y%m%dT%H%M%S)"
sign future-minutes "<ed25519@v>" --faked-system-time "$(date -u -d '+10 minutes' +%Y%m%dT%H%M%S)"

# Forms.
sign armored "<ed25519@v>" --armor
sign text-mode "<ed25519@v>" --textmode
sign notation "<ed25519@v>" --sig-notation note@example.org=text
sign critical-notation "<ed25519@v>" --sig-notation '!note@example.org=text'
sign critical-policy-url "<ed25519@v>" --sig-policy-url '!https://example.org/policy'
quick -u "<ed25519@v>" -o clearsigned.sig --clearsign data
quick -u "<ed25519@v>" -o inline.sig --sign data
echo other > other
quick -u "<ed25519@v>" -o bad.sig -b other
cat rsa2048.sig ed25519.sig > two-in-one.sig
cat bad.sig ed25519.sig > bad-and-good-in-one.sig
cat armored.sig armored.sig > two-armors.sig
{ cat ed25519.sig; echo junk; } > trailing-junk.sig
{ echo junk; cat ed25519.sig; } > leading-junk.sig
{ echo junk; cat armored.sig; } > armor-after-text.sig
head -c 40 ed25519.sig > cut.sig
printf '' > empty.sig
key unknown ed25519
sign unknown "<unknown@v>"
gpg --batch --export "$(print ed25519 1)" > certificate.sig

gpg --batch --export-secret-keys "$(print rsa2048 1)" > rsa2048.key
gpg --batch --export-secret-keys "$(print ed25519 1)" > ed25519.key
quick --delete-secret-and-public-key "$(print unknown 1)"
gpg --batch --export > all.gpg
