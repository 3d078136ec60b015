# Several programmers at once: listed, refused without a choice, told apart by path and by serial number.

before() {
    for n in 1 2 3 4; do head -c 8388608 /dev/urandom >"$n.bin"; done
}

inside() {
    serve "image=/share/1.bin" "image=/share/2.bin" \
        "programmer=ft2232h,serial=CLIP3,image=/share/3.bin" "programmer=ft2232h,serial=CLIP4,image=/share/4.bin"
    for n in 1 2 3 4; do
        attach 1-$n
        eval "path$n=$device"
    done
    expect 0 norsplice list
    for word in "$path1" "$path2" CLIP3 CLIP4; do grep -q -- "$word" /tmp/out || fail "$word is not listed"; done
    expect 2 norsplice probe
    expect 2 norsplice -p ch341a probe
    grep -q "$path1" /tmp/err && grep -q "$path2" /tmp/err || fail "the choices are not named"
    expect 2 norsplice -p ft2232h probe
    for n in 1 2; do
        eval "path=\$path$n"
        expect 0 norsplice -p "ch341a:path=$path" read read$n --at 0x10000 --len 4096
    done
    for n in 3 4; do expect 0 norsplice -p "ft2232h:serial=CLIP$n" read read$n --at 0x10000 --len 4096; done
    expect 5 norsplice -p ft2232h:serial=CLIP5 probe
    expect 5 norsplice -p ch341a:path=9-9 probe
    end_server
}

after() {
    for n in 1 2 3 4; do
        dd if=$n.bin bs=4096 skip=16 count=1 status=none | cmp - read$n
    done
}
