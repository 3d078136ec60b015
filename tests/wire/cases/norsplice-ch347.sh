# norsplice over the real libusb on a CH347T and a CH347F; flashrom of Debian unstable, where .ci/judges has it, reads and writes too.

before() {
    head -c 8388608 /dev/urandom >old.bin
    cp old.bin new.bin
    head -c 131072 /dev/urandom | dd of=new.bin bs=4096 seek=100 conv=notrunc status=none
    cp new.bin newer.bin
    head -c 65536 /dev/urandom | dd of=newer.bin bs=4096 seek=700 conv=notrunc status=none
}

inside() {
    serve "programmer=ch347t,image=/share/old.bin,state=/tmp/chip,counts=/share/counts.json"
    attach 1-1
    expect 0 norsplice list
    expect 0 norsplice --yes --store /tmp/store -p ch347:speed=30MHz write new.bin
    cp -r /tmp/store store
    expect 0 norsplice verify new.bin
    end_server
    serve "programmer=ch347f,state=/tmp/chip,counts=/share/again.json"
    attach 1-1
    if [ -x /judges/flashrom ]; then
        /judges/flashrom -p ch347_spi -c "W25Q64BV/W25Q64CV/W25Q64FV" -r seen.bin
        cmp seen.bin new.bin
        /judges/flashrom -p ch347_spi -c "W25Q64BV/W25Q64CV/W25Q64FV" -w newer.bin
    else
        say "no flashrom of unstable: norsplice writes by the CH347F too"
        expect 0 norsplice --yes --store /tmp/store write newer.bin
    fi
    expect 0 norsplice read read.bin
    end_server
    cp /tmp/chip/flash.bin left.bin
}

after() {
    set -- $(find store -name flash.bin)
    cmp "$1" old.bin
    cmp left.bin newer.bin
    cmp read.bin newer.bin
    grep -q '"misdeeds":0' counts.json && grep -q '"misdeeds":0' again.json
}
