# flashrom's ch341a_spi reads, erases, writes and verifies our emulated W25Q64FV on an emulated CH341A.

before() {
    head -c 8388608 /dev/urandom >old.bin
    # Random bytes over four stretches, 192 KiB in all: full speed by USB/IP, a page is some fifty transfers here.
    cp old.bin new.bin
    for at in 0 31 1024 2044; do
        head -c 49152 /dev/urandom | dd of=new.bin bs=4096 seek=$at conv=notrunc status=none
    done
    truncate -s 8388608 new.bin
}

inside() {
    serve "image=/share/old.bin,state=/tmp/chip,counts=/share/counts.json"
    attach 1-1
    chip="W25Q64BV/W25Q64CV/W25Q64FV"
    flashrom -p ch341a_spi -c $chip -r /tmp/read.bin
    cmp /tmp/read.bin old.bin
    flashrom -p ch341a_spi -c $chip -w new.bin
    end_server
    cp /tmp/chip/flash.bin left.bin
}

after() {
    cmp left.bin new.bin
    cat counts.json
}
