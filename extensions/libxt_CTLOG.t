# SPDX-License-Identifier: GPL-2.0-only
:INPUT,FORWARD,OUTPUT
-j CTLOG;=;OK
-j CTLOG --log-prefix "INVALID: ";=;OK
-j CTLOG --log-prefix x;=;OK
-j CTLOG --log-prefix "say \"hello\"";=;OK
-j CTLOG --log-prefix 12345678901234567890123456789;=;OK
-j CTLOG --log-level 0;=;OK
-j CTLOG --log-level 4;-j CTLOG;OK
-j CTLOG --log-level debug;-j CTLOG --log-level 7;OK
-j CTLOG --log-level warning;-j CTLOG;OK
-j CTLOG --nflog-group 0;=;OK
-j CTLOG --nflog-group 65535;=;OK
-j CTLOG --nflog-group 7 --log-prefix "a b";-j CTLOG --log-prefix "a b" --nflog-group 7;OK
-j CTLOG --in-zone 0;=;OK
-j CTLOG --in-zone 65535 --nflog-group 3;-j CTLOG --nflog-group 3 --in-zone 65535;OK
-m ctstate2 --state INVALID -j CTLOG --log-prefix "INVALID: " --log-level 6;=;OK
# refused
-j CTLOG --log-prefix;;FAIL
-j CTLOG --log-prefix 123456789012345678901234567890;;FAIL
-j CTLOG --log-level 8;;FAIL
-j CTLOG --log-level loud;;FAIL
-j CTLOG --nflog-group 65536;;FAIL
-j CTLOG --nflog-group -1;;FAIL
-j CTLOG --nflog-group 1 --log-level 4;;FAIL
-j CTLOG --log-prefix a --log-prefix b;;FAIL
-j CTLOG --in-zone 65536;;FAIL
-j CTLOG ! --in-zone 1;;FAIL
-j CTLOG --log-uid;;FAIL
*raw
:PREROUTING,OUTPUT
-j CTLOG --log-prefix "raw ";=;OK
*nat
:POSTROUTING
-j CTLOG;=;OK
