# The one pass over the real libusb: a board is backed up, spliced and rewritten by CH341A, and once more with nothing to do.

before() {
    "$NORSPLICE" -q demo demo >/dev/null
    "$NORSPLICE" -q splice --board archer-mr200-v1 --base demo/board.bin --donor demo/vendor.bin -o wanted.bin
}

inside() {
    serve "image=/share/demo/board.bin,state=/tmp/chip,counts=/share/counts.json"
    attach 1-1
    expect 0 norsplice --json --yes --store /tmp/store rewrite --board archer-mr200-v1 --donor demo/vendor.bin
    tail -1 /tmp/out >result.json
    cp -r /tmp/store store
    end_server
    cp /tmp/chip/flash.bin left.bin
    say "again, on a chip that is as wanted (by FT2232H)"
    serve "programmer=ft2232h,state=/tmp/chip,counts=/share/again.json"
    attach 1-1
    expect 0 norsplice --json --yes --store /tmp/store rewrite --board archer-mr200-v1 --donor demo/vendor.bin
    end_server
}

after() {
    cmp left.bin wanted.bin
    set -- $(find store -name flash.bin)
    cmp "$1" demo/board.bin
    grep -q '"status":"ok"' result.json && grep -q '"chip":"written"' result.json
    grep -q '"misdeeds":0' counts.json && grep -q '"misdeeds":0' again.json
    grep -q '"bytes_erased":0,"pages":0' again.json
}
