# norsplice over the real libusb on an FT2232H: a whole image written; then norsplice reads what flashrom wrote.

before() {
    head -c 8388608 /dev/urandom >old.bin
    head -c 8388608 /dev/urandom >new.bin
    cp new.bin newer.bin
    head -c 131072 /dev/urandom | dd of=newer.bin bs=4096 seek=100 conv=notrunc status=none
}

inside() {
    serve "programmer=ft2232h,image=/share/old.bin,state=/tmp/chip,counts=/share/counts.json"
    attach 1-1
    expect 0 norsplice list
    expect 0 norsplice --yes --store /tmp/store -p ft2232h:speed=30MHz write new.bin
    cp -r /tmp/store store
    expect 0 norsplice -p ft2232h:port=A verify new.bin
    flashrom -p ft2232_spi:type=2232H,divisor=2 -c "W25Q64BV/W25Q64CV/W25Q64FV" -w newer.bin
    expect 4 norsplice verify new.bin
    expect 0 norsplice read read.bin
    end_server
    cp /tmp/chip/flash.bin left.bin
}

after() {
    set -- $(find store -name flash.bin)
    cmp "$1" old.bin
    cmp left.bin newer.bin
    cmp read.bin newer.bin
    grep -q '"misdeeds":0' counts.json
}
