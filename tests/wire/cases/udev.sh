# The udev rules under Debian's systemd-udevd: the group may open the device, others may not; the seat's user may.

before() { head -c 8388608 /dev/urandom >old.bin; }

inside() {
    echo 'root:x:0:0::/root:/bin/sh' >/etc/passwd
    echo 'alice:x:1000:1000::/tmp:/bin/sh' >>/etc/passwd
    echo 'bob:x:1001:1001::/tmp:/bin/sh' >>/etc/passwd
    printf 'root:x:0:\nplugdev:x:46:alice\nalice:x:1000:\nbob:x:1001:\n' >/etc/group
    /lib/systemd/systemd-udevd --daemon
    for kind in ch341a ft2232h; do
        serve "programmer=$kind,image=/share/old.bin"
        attach 1-1
        udevadm settle
        node=/dev/bus/usb/$(printf '%03d/%03d' "$(cat /sys/bus/usb/devices/$device/busnum)" "$(cat /sys/bus/usb/devices/$device/devnum)")
        ls -l "$node"
        [ "$(stat -c '%a %g' "$node")" = "660 46" ] || fail "$node has $(stat -c '%a %g' "$node"), not 660 46"
        udevadm test "/sys/bus/usb/devices/$device" 2>&1 | grep "TAGS=" | tee /tmp/tags
        grep -q ':uaccess:' /tmp/tags || fail "no uaccess tag"
        expect 0 su alice -c "norsplice probe"
        expect 1 su bob -c "norsplice probe"
        grep -q 60-norsplice.rules /tmp/err || fail "the message does not name the rules file"
        end_server
        wait_for "the device to go" sh -c "[ ! -e /sys/bus/usb/devices/$device ]"
    done
}

after() { :; }
