# SPDX-License-Identifier: GPL-2.0-only
*raw
:PREROUTING,OUTPUT
-j CTFULL;=;OK
-p tcp -j CTFULL;=;OK
-j CTFULL --on-full untrack;=;OK
-j CTFULL --on-full drop;-j CTFULL;OK
-j CTFULL --on-full UNTRACK;-j CTFULL --on-full untrack;OK
-j CTFULL --reserve 1;=;OK
-j CTFULL --reserve 100;=;OK
-j CTFULL --reserve 4294967295;=;OK
-j CTFULL --reserve 1%;=;OK
-j CTFULL --reserve 99%;=;OK
-j CTFULL --warn-at 1%;=;OK
-j CTFULL --warn-at 100%;=;OK
-j CTFULL --warn-at 90%;-j CTFULL;OK
-j CTFULL --log-prefix "FULL: ";=;OK
-j CTFULL --log-prefix 12345678901234567890123456789;=;OK
-j CTFULL --log-level 0;=;OK
-j CTFULL --log-level debug;-j CTFULL --log-level 7;OK
-j CTFULL --nflog-group 0;=;OK
-j CTFULL --nflog-group 65535;=;OK
-j CTFULL --log-rate 0;-j CTFULL --log-rate 0/second;OK
-j CTFULL --log-rate 1/minute;=;OK
-j CTFULL --log-rate 5/m;-j CTFULL --log-rate 5/minute;OK
-j CTFULL --log-rate 5/s;-j CTFULL --log-rate 5/second;OK
-j CTFULL --log-rate 5/Sec;-j CTFULL --log-rate 5/second;OK
-j CTFULL --log-rate 10/second;-j CTFULL;OK
-j CTFULL --log-rate 10/minute;=;OK
-j CTFULL --log-rate 1000000;-j CTFULL --log-rate 1000000/second;OK
-j CTFULL --log-burst 1;=;OK
-j CTFULL --log-burst 20;-j CTFULL;OK
-j CTFULL --log-burst 1000000;=;OK
-j CTFULL --log-burst 5 --log-rate 1/minute --log-prefix a --warn-at 80% --reserve 5% --on-full untrack;-j CTFULL --on-full untrack --reserve 5% --warn-at 80% --log-prefix a --log-rate 1/minute --log-burst 5;OK
-m ctfull --above 50% -j CTFULL;=;OK
# refused
-j CTFULL --on-full;;FAIL
-j CTFULL --on-full accept;;FAIL
-j CTFULL --on-full drop --on-full untrack;;FAIL
-j CTFULL --reserve 0;;FAIL
-j CTFULL --reserve 0%;;FAIL
-j CTFULL --reserve 100%;;FAIL
-j CTFULL --reserve 5x;;FAIL
-j CTFULL --reserve -5;;FAIL
-j CTFULL --warn-at 0%;;FAIL
-j CTFULL --warn-at 101%;;FAIL
-j CTFULL --warn-at 90;;FAIL
-j CTFULL --warn-at 90%%;;FAIL
-j CTFULL --log-prefix 123456789012345678901234567890;;FAIL
-j CTFULL --log-level 8;;FAIL
-j CTFULL --nflog-group 65536;;FAIL
-j CTFULL --nflog-group 1 --log-level 4;;FAIL
-j CTFULL --log-rate 1000001;;FAIL
-j CTFULL --log-rate 5/;;FAIL
-j CTFULL --log-rate 5/hour;;FAIL
-j CTFULL --log-rate 5/mm;;FAIL
-j CTFULL --log-rate fast;;FAIL
-j CTFULL --log-burst 0;;FAIL
-j CTFULL --log-burst 1000001;;FAIL
*filter
:INPUT,FORWARD,OUTPUT
-j CTFULL;;FAIL
*mangle
:PREROUTING,OUTPUT
-j CTFULL;;FAIL
