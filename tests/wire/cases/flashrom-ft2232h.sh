# flashrom's ft2232_spi reads, erases, writes and verifies our emulated W25Q64FV on an emulated FT2232H.

before() {
    head -c 8388608 /dev/urandom >old.bin
    cp old.bin new.bin
    head -c 1048576 /dev/urandom | dd of=new.bin bs=4096 seek=777 conv=notrunc status=none
}

inside() {
    serve "programmer=ft2232h,image=/share/old.bin,state=/tmp/chip,counts=/share/counts.json"
    attach 1-1
    chip="W25Q64BV/W25Q64CV/W25Q64FV"
    flashrom -p ft2232_spi:type=2232H,divisor=2 -c $chip -r /tmp/read.bin
    cmp /tmp/read.bin old.bin
    flashrom -p ft2232_spi:type=2232H,divisor=2 -c $chip -w new.bin
    end_server
    cp /tmp/chip/flash.bin left.bin
}

after() {
    cmp left.bin new.bin
    cat counts.json
}
