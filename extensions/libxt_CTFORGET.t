# SPDX-License-Identifier: GPL-2.0-only
*mangle
:PREROUTING,OUTPUT
-j CTFORGET;=;OK
-p udp --dport 53 -m connmark ! --mark 0x2 -j CTFORGET;-p udp -m udp --dport 53 -m connmark ! --mark 0x2 -j CTFORGET;OK
-m ctstate2 --status DNAT -j CTFORGET;=;OK
# refused
-j CTFORGET --all;;FAIL
-j CTFORGET 1;;FAIL
:INPUT,FORWARD,POSTROUTING
-j CTFORGET;;FAIL
