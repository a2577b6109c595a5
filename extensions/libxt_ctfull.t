# SPDX-License-Identifier: GPL-2.0-only
:INPUT,FORWARD,OUTPUT
-m ctfull --above 1;=;OK
-m ctfull --above 4294967295;=;OK
-m ctfull --above 90%;=;OK
-m ctfull --above 100%;=;OK
-m ctfull ! --above 90%;=;OK
-m ctfull --above 90%:80%;=;OK
-m ctfull --above 90%:90%;=;OK
-m ctfull --above 90%:500;=;OK
-m ctfull --above 500:10%;=;OK
-m ctfull --above 1000:1;=;OK
-m ctfull ! --above 1000:900;=;OK
-m ctfull --above 0x10;-m ctfull --above 16;OK
-m ctfull --new-connection;=;OK
-m ctfull ! --new-connection;=;OK
-m ctfull --above 90% --new-connection;=;OK
-m ctfull --new-connection --above 90%;-m ctfull --above 90% --new-connection;OK
-m ctfull ! --above 5:4 ! --new-connection -j DROP;=;OK
# refused
-m ctfull;;FAIL
-m ctfull --above;;FAIL
-m ctfull --above 0;;FAIL
-m ctfull --above 0%;;FAIL
-m ctfull --above 101%;;FAIL
-m ctfull --above -1;;FAIL
-m ctfull --above 4294967296;;FAIL
-m ctfull --above many;;FAIL
-m ctfull --above 5x;;FAIL
-m ctfull --above 5%x;;FAIL
-m ctfull --above 5:;;FAIL
-m ctfull --above :5;;FAIL
-m ctfull --above 5:0;;FAIL
-m ctfull --above 5:6;;FAIL
-m ctfull --above 80%:90%;;FAIL
-m ctfull --above 90%:101%;;FAIL
-m ctfull --above 5:4:3;;FAIL
-m ctfull --above 5 --above 6;;FAIL
-m ctfull --new-connection --new-connection;;FAIL
-m ctfull --below 5;;FAIL
*raw
:PREROUTING,OUTPUT
-m ctfull --new-connection -j DROP;=;OK
-m ctfull --above 95% --new-connection;=;OK
