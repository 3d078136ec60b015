# flashrom's bytes as the kernel's usbmon sees them: every burst of tests/data/flashrom-*.txt, which our plain mode is compared with.

before() {
    head -c 8388608 /dev/zero | tr '\0' U >old.bin
    cp old.bin new.bin
    printf recorded | dd of=new.bin bs=1 seek=4096 conv=notrunc status=none
    echo "00001000:00001fff block" >layout
}

# recorded DEVICE PROGRAMMER: the job of tests/shapes/recording.rs.
recorded() {
    serve "programmer=$1,image=/share/old.bin,state=/tmp/$1"
    attach 1-1
    watch "/tmp/$1.mon"
    flashrom -p "$2" -c "W25Q64BV/W25Q64CV/W25Q64FV" -l layout -i block -N -w new.bin
    end_watch
    end_server
    cmp "/tmp/$1/flash.bin" new.bin
    cp "/tmp/$1.mon" "$1.mon"
    wait_for "the device to go" gone
}
gone() { [ ! -e "/sys/bus/usb/devices/$device" ]; }

inside() {
    recorded ch341a ch341a_spi
    recorded ft2232h ft2232_spi:type=2232H,divisor=2
}

# bursts FILE: each burst of a usbmon record as one line, "out HEX" and, behind a tab, "in COUNTxLENGTH ...".
# A record is headers of 48 bytes (Documentation/usb/usbmon.rst): type at 8, kind of transfer at 9 (3 is bulk), endpoint at 10,
# length at 32, bytes that follow at 36; little endian. Transfers count when they are submitted.
bursts() {
    od -An -v -tx1 -w1 "$1" | tr -d ' ' | awk '
        BEGIN { for (i = 0; i < 256; i++) value[sprintf("%02x", i)] = i }
        function word(at) { return value[h[at]] + 256 * (value[h[at + 1]] + 256 * (value[h[at + 2]] + 256 * value[h[at + 3]])) }
        function end_run() { if (run) answers = answers (answers == "" ? "" : " ") run "x" len; run = 0 }
        function end_burst() { end_run(); if (out != "") print "out " out (answers == "" ? "" : "\tin " answers); answers = "" }
        function event() {
            if (h[8] != "53" || h[9] != "03") return
            if (value[h[10]] < 128) { end_burst(); out = data }
            else { if (run && len != word(32)) end_run(); len = word(32); run++ }
        }
        left == 0 { h[n++] = $1; if (n == 48) { n = 0; data = ""; left = word(36); if (left == 0) event() } next }
        { data = data $1; if (--left == 0) event() }
        END { end_burst() }'
}

# kept FILE: the same of a file that is kept.
kept() { awk '/^#/ { next } /^out/ { if (l != "") print l; l = $0; next } { l = l "\t" $0 } END { print l }' "$1"; }

after() {
    for programmer in ch341a ft2232h; do
        bursts $programmer.mon >seen.$programmer
        kept "$DATA/flashrom-$programmer.txt" >kept.$programmer
        [ -s kept.$programmer ]
        while read -r burst; do
            grep -qxF -e "$burst" seen.$programmer || { echo "$programmer: not seen: $burst" | cut -c1-160; return 1; }
        done <kept.$programmer
        echo "$programmer: $(wc -l <seen.$programmer) bursts seen, all $(wc -l <kept.$programmer) kept ones among them"
    done
}
