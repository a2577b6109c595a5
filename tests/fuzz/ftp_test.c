// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dialogues, and what line.c and ftp.c decide in them, TAP. Each one runs as it is,
 * byte by byte, cut in two at every place, and with the tail behind every place held
 * back and sent again: with the same decisions. The client is 10.0.0.2 (fd::2),
 * outside 192.0.2.1 (2001:db8::1), the server 10.9.0.9 (fd::9), outside 203.0.113.5.
 */
#include "dialogue.h"
#include "grammar_test.h"

#define V6_2 "fd00::2"
#define PORT		"PORT 10,0,0,2,19,136\r\n"
#define OPEN		"open client 10,0,0,2,19,136 [10,0,0,2,19,136]"
#define PASV227		"227 Entering Passive Mode (10,9,0,9,19,136).\r\n"
#define OPEN227		"open server 10,9,0,9,19,136 [10,9,0,9,19,136]"
#define EPSV229		"229 Extended (|||5000|)\r\n"
#define OPEN229		"open server |||5000| [|||5000|]"
#define NOT_FTP		"dormant not_ftp"
/* Of TLS: a record of three bytes, and the one that says that no more come */
#define RECORD		"\027\003\003\200\003a\nb"
#define CLOSE_NOTIFY	"\025\003\003\200\002\001\200"
#define NOOP4		"NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\n"

/*
 * @steps: what an end says ("<" the server, ">" the client, and the text, in which \200
 * is a NUL, \201 is 512 times x, \202 512 spaces, and \203 16 empty records of TLS), and the
 * decisions that follow; and so on
 */
struct dialogue {
	const char *name;
	unsigned int flags;
	const char *steps[64];
};

#define V6	1
#define LOOSE	2
#define FRESH	4	/* not from the login on, but from the start */
#define RESUMED	8	/* from where another gateway left it */
#define PASSIVE	16	/* with the parameter active=0 */
#define PUBLIC	32	/* the server is 198.51.100.9 on both sides */

static const struct dialogue benign[] = {
	{ "taken up: the next one closes what may be open", RESUMED, {
		">NOOP\r\n", "",
		"<200 ok\r\n", "",
		">PASV\r\n", "close",
		"<" PASV227, OPEN227,
	} },
	{ "PORT, after the 200", 0, {
		">" PORT, OPEN,
		"<200 ok\r\n", "",
	} },
	{ "PASV, the server's own address", 0, {
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "EPSV", 0, {
		">EPSV\r\n", "",
		"<" EPSV229, OPEN229,
	} },
	{ "EPRT, IPv4", 0, {
		">EPRT |1|10.0.0.2|5000|\r\n", "open client |1|10.0.0.2|5000| [|1|10.0.0.2|5000|]",
		"<200 ok\r\n", "",
	} },
	{ "EPRT, IPv6", V6, {
		">EPRT |2|fd00::2|5000|\r\n",
			"open client |2|" V6_2 "|5000| [|2|fd00::2|5000|]",
		"<200 ok\r\n", "",
	} },
	{ "EPRT, IPv6 as RFC 4291 writes it", V6, {
		">EPRT |2|FD00:0:0::0.0.0.2|5000|\r\n",
			"open client |2|" V6_2 "|5000| [|2|FD00:0:0::0.0.0.2|5000|]",
		">EPRT |2|fd00:0:0:0:0:0:0:2|5001|\r\n",
			"close, open client |2|" V6_2 "|5001| [|2|fd00:0:0:0:0:0:0:2|5001|]",
	} },
	{ "EPSV, IPv6", V6, {
		">EPSV 2\r\n", "",
		"<" EPSV229, OPEN229,
	} },
	{ "EPRT with another delimiter", 0, {
		">EPRT !1!10.0.0.2!5000!\r\n", "open client |1|10.0.0.2|5000| [!1!10.0.0.2!5000!]",
	} },
	{ "229 with another delimiter", 0, {
		">EPSV\r\n", "",
		"<229 ok (!!!5000!)\r\n", "open server |||5000| [!!!5000!]",
	} },
	{ "229 with parentheses for delimiters", 0, {
		">EPSV\r\n", "",
		"<229 ok ((((5000()\r\n", "open server |||5000| [(((5000(]",
	} },
	{ "229 with a digit for delimiter", 0, {
		">EPSV\r\n", "",
		"<229 ok (11150001)\r\n", "open server |||5000| [11150001]",
	} },
	{ "229 with more parentheses before", 0, {
		">EPSV\r\n", "",
		"<229 ok (extended) (|||5000|)\r\n", OPEN229,
	} },
	{ "227 without parentheses", 0, {
		">PASV\r\n", "",
		"<227 Passive 10,9,0,9,19,136\r\n", OPEN227,
	} },
	{ "227 with =", 0, {
		">PASV\r\n", "",
		"<227 =10,9,0,9,19,136\r\n", OPEN227,
	} },
	{ "227 with numbers before, which are none of it", 0, {
		">PASV\r\n", "",
		"<227 Mode 2, v1.1, try 3,4 (10,9,0,9,19,136) 7\r\n", OPEN227,
	} },
	{ "227 with the address as the client sees it", 0, {
		">PASV\r\n", "",
		"<227 ok (203,0,113,5,19,136)\r\n",
			"open server 203,0,113,5,19,136 outer [203,0,113,5,19,136]",
	} },
	{ "loose: PORT with the address as the server sees it", LOOSE, {
		">PORT 192,0,2,1,19,136\r\n",
			"open client 192,0,2,1,19,136 outer [192,0,2,1,19,136]",
		"<200 ok\r\n", "",
	} },
	{ "a login without a password, 202 and 232", FRESH, {
		"<220 ready\r\n", "",
		">USER a\r\n", "",
		"<331 go on\r\n", "",
		">PASS b\r\n", "",
		"<202 not needed\r\n", "",
		">" PORT, OPEN,
		"<200 ok\r\n", "",
		">REIN\r\n", "",
		"<220 ready\r\n", "close",
		">USER a\r\n", "",
		"<232 in\r\n", "",
		">" PORT, OPEN,
	} },
	{ "a login with an account, after a doubled greeting", FRESH, {
		"<220 ready\r\n", "",
		">USER a\r\n", "",
		"<220 ready\r\n331 password\r\n", "",
		">PASS b\r\n", "",
		"<332 account\r\n", "",
		">ACCT c\r\n", "",
		"<230 in\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "active=0: passive ones open", PASSIVE, {
		">" PORT, "refused active_off",
		"<200 ok\r\n", "",
		">EPRT |1|10.0.0.2|5000|\r\n", "refused active_off",
		"<200 ok\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "ports 1024 and 65535", 0, {
		">PORT 10,0,0,2,4,0\r\n", "open client 10,0,0,2,4,0 [10,0,0,2,4,0]",
		"<200 ok\r\n", "",
		">EPRT |1|10.0.0.2|65535|\r\n",
			"close, open client |1|10.0.0.2|65535| [|1|10.0.0.2|65535|]",
	} },
	{ "lower case and spaces", 0, {
		">port   010,000,0,2,19,136  \r\n",
			"open client 10,0,0,2,19,136 [010,000,0,2,19,136]",
		"<200 ok\r\n", "",
		">pasv  \r\n", "close",
		"<" PASV227, OPEN227,
		">ePsV  1 \r\n", "close",
		"<" EPSV229, OPEN229,
	} },
	{ "LF alone, and CR CR LF", FRESH, {
		"<220 ready\n", "",
		">USER a\n", "",
		"<230 in\n", "",
		">PORT 10,0,0,2,19,136\n", OPEN,
		"<200 ok\n", "",
		">PASV\r\r\n", "close",
		"<" PASV227, OPEN227,
	} },
	{ "a greeting of many lines, after a 120", FRESH, {
		"<120 wait\r\n220-a\r\n b\r\n220 c\r\n", "",
		">USER a\r\n", "",
		"<230 in\r\n", "",
		">" PORT, OPEN,
		"<200 ok\r\n", "",
	} },
	{ "a reply of many lines", 0, {
		">" PORT, OPEN,
		"<200-a\r\n 200 b\r\n500 c\r\n200 ok\r\n", "",
	} },
	{ "a 227 of many lines: the last one counts", 0, {
		">PASV\r\n", "",
		"<227-a\r\n227-b 10,9,0,9,20,1\r\n" PASV227, OPEN227,
	} },
	{ "pipelining", 0, {
		">TYPE I\r\nPASV\r\nRETR a\r\n", "",
		"<200 ok\r\n" PASV227 "150 go\r\n226 done\r\n", OPEN227 "; close",
	} },
	{ "a pipelined PORT closes at its turn", 0, {
		">" PORT "RETR a\r\nPORT 10,0,0,2,20,0\r\nRETR b\r\n",
			OPEN "; renew long; offer 10,0,0,2,20,0 [10,0,0,2,20,0]; renew long",
		"<200 ok\r\n", "",
		"<150 go\r\n", "",
		"<226 done\r\n", "close, open client 10,0,0,2,20,0",
		"<200 ok\r\n", "",
	} },
	{ "one answer refuses, the next one does not", 0, {
		">PORT 10,0,0,2,20,0\r\n" PORT,
			"open client 10,0,0,2,20,0 [10,0,0,2,20,0]; close, " OPEN,
		"<500 no\r\n", "",
		"<200 ok\r\n", "",
	} },
	{ "150 and 226: a transfer has two replies", 0, {
		">" PORT, OPEN,
		"<200 ok\r\n", "",
		">LIST\r\n", "renew long",
		"<150 go\r\n", "",
		"<226 done\r\n", "close",
		">" PORT, OPEN,
		"<200 ok\r\n", "",
	} },
	{ "ABOR after IAC IP, IAC DM", 0, {
		">RETR a\r\n", "",
		"<150 go\r\n", "",
		">\377\364\377\362ABOR\r\n", "",
		"<426 cut\r\n226 aborted\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "telnet before and after an address", 0, {
		">\377\361PORT \377\375\00110,0,0,2,19,136\r\n", OPEN,
		"<\377\374\001200 ok\r\n", "",
		">PORT 10,0,0,2,19,136\377\364\r\n", "close, " OPEN,
		"<200 \377\377\r\n", "",
	} },
	{ "telnet in a 227", 0, {
		">PASV\r\n", "",
		"<227 \377\377 (10,9,0,9,19,136)\r\n", OPEN227,
	} },
	{ "a path with 255, NUL and CR", 0, {
		">CWD a\377\377b\200c\rd\377.\377\r\n", "",
		"<250 ok\r\n", "",
		">" PORT, OPEN,
		"<200 ok\r\n", "",
	} },
	{ "255 before a line's end", 0, {
		">CWD a\377\n" PORT, OPEN,
		"<250 a\377\n200 ok\r\n", "",
	} },
	{ "EPSV ALL, then EPSV", 0, {
		">EPSV all \r\n", "",
		"<220 ok\r\n", "",
		">EPSV\r\n", "",
		"<" EPSV229, OPEN229,
	} },
	{ "EPSV ALL refused", 0, {
		">EPSV ALL\r\n", "",
		"<500 no\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "REIN, and all from the start", 0, {
		">EPSV ALL\r\n", "",
		"<200 ok\r\n", "",
		">EPSV\r\n", "",
		"<" EPSV229, OPEN229,
		">REIN\r\n", "",
		"<120 soon\r\n220 again\r\n", "close",
		">USER a\r\n", "",
		"<230 in\r\n", "",
		">" PORT, OPEN,
		"<200 ok\r\n", "",
	} },
	{ "REIN and USER at once", 0, {
		">REIN\r\nUSER a\r\n", "",
		"<220 again\r\n230 in\r\n", "",
		">" PORT, OPEN,
		"<200 ok\r\n", "",
	} },
	{ "REIN refused", 0, {
		">" PORT, OPEN,
		"<200 ok\r\n", "",
		">REIN\r\n", "",
		"<502 no\r\n", "",
		">PASV\r\n", "close",
		"<" PASV227, OPEN227,
	} },
	{ "AUTH refused", FRESH, {
		"<220 ready\r\n", "",
		">AUTH TLS\r\n", "",
		"<530 no\r\n", "",
		">AUTH SSL\r\n", "",
		"<504 no\r\n", "",
		">CCC\r\n", "",
		"<533 no\r\n", "",
		">USER a\r\n", "",
		"<230 in\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "AUTH TLS", FRESH, {
		"<220 ready\r\n", "",
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">\026\003\001\002\001\001\002\003\004\n", "",
	} },
	{ "CCC, after a login in the clear", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">" RECORD, "",
		"<" RECORD RECORD, "",
		">" RECORD CLOSE_NOTIFY, "",
		"<" RECORD CLOSE_NOTIFY, "",
		">TYPE I\r\n", "",
		"<200 ok\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
		">" PORT, "close, " OPEN,
		"<200 ok\r\n", "",
	} },
	{ "CCC, after a login in TLS: to the server; and to both after another one", FRESH, {
		"<220 ready\r\n", "",
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">" RECORD RECORD, "",
		"<" RECORD RECORD, "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
		">RETR a\r\n", "renew long",
		"<150 go\r\n226 done\r\n", "close",
		">" PORT, "refused no_login",
		"<200 ok\r\n", "",
		">USER a\r\n", "",
		"<230 in\r\n", "",
		">" PORT, OPEN,
	} },
	{ "CCC, and the client is back before the server", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		"<" RECORD, "",
		">" RECORD CLOSE_NOTIFY "PASV\r\n", "",
		"<" CLOSE_NOTIFY PASV227, OPEN227,
	} },
	{ "CCC, and PORT before the server is back", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		"<" RECORD, "",
		">" RECORD CLOSE_NOTIFY PORT, OPEN,
		"<" CLOSE_NOTIFY "200 ok\r\n", "",
		">RETR a\r\n", "renew long",
	} },
	{ "CCC, and AUTH again, and CCC", V6, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">" RECORD "EPSV\r\n", "",
		"<" RECORD EPSV229, OPEN229,
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "close, refused encrypted",
		"<" RECORD, "",
		">" RECORD "EPSV\r\n", "",
		"<" EPSV229, OPEN229,
	} },
	{ "AUTH refused, by who did not wait for that", FRESH, {
		"<220 ready\r\n", "",
		">AUTH TLS\r\nAUTH SSL\r\nUSER a\r\n", "",
		"<502 no\r\n502 no\r\n230 in\r\n", "",
		">" PORT, OPEN,
	} },
	{ "AUTH SSL, 334", FRESH, {
		"<220 ready\r\n", "",
		">USER a\r\n", "",
		"<331 password\r\n", "",
		">auth ssl\r\n", "",
		"<334 go\r\n", "dormant encrypted",
		">" PORT, "",
		"<200 ok\r\n", "",
	} },
	{ "a verb of tomorrow, after the login", 0, {
		">WXYZ a\r\n", "",
		"<500 ?\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "verbs of drafts", 0, {
		">XSHA256 a\r\n", "",
		"<250 x\r\n", "",
		">MFF a\r\n", "",
		"<213 x\r\n", "",
		">xpwd\r\n", "",
		"<257 x\r\n", "",
		">" PORT, OPEN,
		"<200 ok\r\n", "",
	} },
	{ "a password as HTTP", 0, {
		">CWD a HTTP/1.1\r\n", "",
		"<250 ok\r\n", "",
		">" PORT, OPEN,
	} },
	{ "a command of 600 bytes", 0, {
		">STOR \201\r\n", "",
		"<226 ok\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "a reply of 1100 bytes", 0, {
		">STAT\r\nPASV\r\n", "",
		"<211 \201\201\r\n" PASV227, OPEN227,
	} },
	{ "a server that talks between replies", 0, {
		">PASV\r\n", "",
		"<hello\r\n\r\n99\r\n2270 a\r\n" PASV227, OPEN227,
	} },
	{ "226 and no more", 0, {
		">LIST\r\n", "",
		"<150\r\n226\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "an answer that never comes, then 227", 0, {
		">ABOR\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "an answer that never comes, then 229", 0, {
		">ABOR\r\n" PORT "EPSV\r\n", OPEN,
		"<" EPSV229, "close, " OPEN229,
	} },
	{ "an answer that never comes, then 150", 0, {
		">ABOR\r\n", "",
		">RETR a\r\n", "",
		"<150 go\r\n226 done\r\n", "",
		">" PORT, OPEN,
		"<200 ok\r\n", "",
	} },
	{ "loose: others' addresses", LOOSE, {
		">PORT 8,8,8,8,19,136\r\n", "open client 8,8,8,8,19,136 other [8,8,8,8,19,136]",
		"<200 ok\r\n", "",
		">PASV\r\n", "close",
		"<227 (8,8,4,4,19,136)\r\n", "open server 8,8,4,4,19,136 other [8,8,4,4,19,136]",
	} },
	{ "20 commands at once, and then a transfer", 0, {
		">" NOOP4 NOOP4 NOOP4 NOOP4 NOOP4, "",
		"<200 a\r\n200 b\r\n200 c\r\n200 d\r\n", "",
		"<200 a\r\n200 b\r\n200 c\r\n200 d\r\n200 a\r\n200 b\r\n200 c\r\n200 d\r\n", "",
		"<200 a\r\n200 b\r\n200 c\r\n200 d\r\n200 a\r\n200 b\r\n200 c\r\n200 d\r\n", "",
		">" PORT, OPEN,
		"<200 ok\r\n", "",
	} },
	{ "what makes room for a transfer opens what it uses", 0, {
		">" PORT, OPEN,
		"<200 ok\r\n", "",
		">RETR a\r\nPORT 10,0,0,2,20,0\r\n",
			"renew long; offer 10,0,0,2,20,0 [10,0,0,2,20,0]",
		">" NOOP4 NOOP4 NOOP4 "NOOP\r\nNOOP\r\n", "",
		">RETR b\r\n", "close, open client 10,0,0,2,20,0, renew long",
	} },
	{ "227 to EPSV", 0, {
		">EPSV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "227 to EPSV behind others, and 229 to a later one", 0, {
		">ABOR\r\nEPSV\r\n", "",
		"<" PASV227, OPEN227,
		">ABOR\r\nNOOP\r\nEPSV\r\n", "",
		"<" EPSV229, "close, " OPEN229,
	} },
	{ "replies that come twice: 250 answers no PASV", 0, {
		">CWD a\r\n", "",
		"<250 ok\r\n", "",
		">PASV\r\n", "",
		"<250 ok\r\n" PASV227, OPEN227,
	} },
	{ "replies that come twice: 226 answers no PORT", 0, {
		">NLST\r\n", "",
		"<150 go\r\n226 done\r\n", "",
		">" PORT, OPEN,
		"<226 done\r\n200 ok\r\n", "",
		">RETR a\r\n", "renew long",
		"<150 go\r\n226 done\r\n226 done\r\n", "close",
		">NOOP\r\n", "",
		"<226 done\r\n200 ok\r\n", "",
	} },
	{ "commands that get no answer during a transfer", 0, {
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
		">RETR a\r\n", "renew long",
		"<150 go\r\n", "",
		">" NOOP4 NOOP4 NOOP4 NOOP4 NOOP4, "",
		"<226 done\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, "close, " OPEN227,
	} },
	{ "blanks in a 227", 0, {
		">PASV\r\n", "",
		"<227 Entering Passive Mode( 10, 9 ,0, 9,  19 ,136).\r\n",
			"open server 10,9,0,9,19,136 [10, 9 ,0, 9,  19 ,136]",
		">PASV\r\n", "close",
		"<227 10 ,9 ,0 ,9 ,19 ,136 \r\n",
			"open server 10,9,0,9,19,136 [10 ,9 ,0 ,9 ,19 ,136]",
	} },
	{ "a greeting that ends with the bare code", FRESH, {
		"<220-hello\r\n220-\r\n220\r\n", "",
		">USER a\r\n", "",
		"<230-a\r\n230\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "a reply of many lines without an end, before 150", 0, {
		">STOR x\r\n", "",
		"<553-\r\n553- excluded\r\n150 go\r\n226 done\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "a reply of many lines without an end, before the client goes on", 0, {
		">CWD x\r\n", "",
		"<250-a\r\n250-b\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
		">HELP\r\n", "",
		"<214-a\r\n", "",
		">EPSV\r\n", "",
		"<" EPSV229, "close, " OPEN229,
	} },
	{ "a login whose reply has no end", FRESH, {
		"<220-hello\r\n220 ready\r\n", "",
		">USER a\r\n", "",
		"<230-welcome\r\n230-it is late\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "words that are none of our business, after the login", 0, {
		">MD5 a.bin\r\n", "",
		"<251 x\r\n", "",
		">xyzzy\r\n\001\002\r\nABCDEFGHIJ k\r\n", "",
		"<500 ?\r\n500 ?\r\n500 ?\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "empty lines, after the login", 0, {
		">\r\n\n", "",
		">" PORT, OPEN,
		"<200 ok\r\n", "",
		">\r\n", "",
		">PASV\r\n", "close",
		"<" PASV227, OPEN227,
	} },
	{ "PASV that a proxy has spoilt", 0, {
		">P@SW\r\n", "",
		"<" PASV227, OPEN227,
		">p@sw\r\n", "close",
		"<" PASV227, OPEN227,
	} },
	{ "a proxy that is told where to go", FRESH, {
		"<220 proxy\r\n", "",
		">OPEN ftp.example.com\r\n", "",
		"<220 ready\r\n", "",
		">USER a\r\n", "",
		"<331 password\r\n", "",
		">PASS b\r\n", "",
		"<230 in\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "227 with an address that nobody uses: the server's own, and the text stays", 0, {
		">PASV\r\n", "",
		"<227 ok (127,0,0,1,86,255)\r\n", "open server 10,9,0,9,86,255",
		">PASV\r\n", "close",
		"<227 ok (0,0,0,0,86,255)\r\n", "open server 10,9,0,9,86,255",
	} },
	{ "227 with a private address of a server that has none", PUBLIC, {
		">PASV\r\n", "",
		"<227 ok (10,1,2,3,19,136)\r\n", "open server 198,51,100,9,19,136",
		">PASV\r\n", "close",
		"<227 ok (192,168,2,3,19,136)\r\n", "open server 198,51,100,9,19,136",
		">PASV\r\n", "close",
		"<227 ok (172,31,2,3,19,136)\r\n", "open server 198,51,100,9,19,136",
		">PASV\r\n", "close",
		"<227 ok (100,100,2,3,19,136)\r\n", "open server 198,51,100,9,19,136",
		">PASV\r\n", "close",
		"<227 ok (169,254,2,3,19,136)\r\n", "open server 198,51,100,9,19,136",
	} },
	{ "text before the greeting", FRESH, {
		"<Authorized users only\r\n\r\n****\r\n", "",
		"<220 ready\r\n", "",
		">USER a\r\n", "",
		"<230 in\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, OPEN227,
	} },
	{ "PASV and PORT at once: the client waits itself, and is refused nothing", 0, {
		">PASV\r\n" PORT, OPEN,
		"<" PASV227 "200 ok\r\n", "",
	} },
	{ "a transfer that takes its time", 0, {
		">" PORT, OPEN,
		"<200 ok\r\n", "",
		">RETR tape\r\n", "renew long",
		"<425 not now\r\n", "renew",
		">RETR tape\r\n", "renew long",
		"<150 go\r\n", "",
		"<226 done\r\n", "close",
	} },
};

static const struct dialogue hostile[] = {
	{ "227 to EPSV that was refused", 0, {
		">EPSV\r\n", "",
		"<500 no\r\n", "",
		"<" PASV227, "refused not_asked",
	} },
	{ "blanks that make no 227", 0, {
		">PASV\r\n", "",
		"<227 (10 9,0,9,19,136)\r\n", "refused unreadable",
		">PASV\r\n", "",
		"<227 (1 0,9,0,9,19,136)\r\n", "refused third_party",
		">PASV\r\n", "",
		"<227 (10,\t9,0,9,19,136)\r\n", "refused unreadable",
		">PASV\r\n", "",
		"<227 (10,9,0,9,19,1 36)\r\n", "open server 10,9,0,9,19,1 [10,9,0,9,19,1]",
	} },
	{ "a 227 among the lines of a refusal without an end", 0, {
		">PASV\r\n", "",
		"<500-no\r\n" PASV227, "",
		">NOOP\r\n", "",
		"<200 ok\r\n" PASV227, "refused not_asked",
	} },
	{ "a refusal without an end", 0, {
		">" PORT, OPEN,
		"<500-no\r\n", "",
		">NOOP\r\n", "",
		"<200 ok\r\n", "close",
	} },
	{ "227 with an address that nobody uses, under 1024", 0, {
		">PASV\r\n", "",
		"<227 ok (127,0,0,1,0,22)\r\n", "refused low_port",
	} },
	{ "227 with a private address beside a private server, or a public one", PUBLIC, {
		">PASV\r\n", "",
		"<227 ok (198,51,100,8,19,136)\r\n", "refused third_party",
		">PASV\r\n", "",
		"<227 ok (172,32,2,3,19,136)\r\n", "refused third_party",
		">PASV\r\n", "",
		"<227 ok (192,169,2,3,19,136)\r\n", "refused third_party",
		">PASV\r\n", "",
		"<227 ok (100,128,2,3,19,136)\r\n", "refused third_party",
	} },
	{ "greetings of others", FRESH, {
		"<hello\r\n* OK IMAP4rev1\r\n", "dormant no_greeting",
	} },
	{ "greetings of others: POP", FRESH, {
		"<+OK ready\r\n", "dormant no_greeting",
	} },
	{ "greetings of others: HTTP", FRESH, {
		"<HTTP/1.1 400 Bad\r\n", "dormant no_greeting",
	} },
	{ "greetings of others: SMTP", FRESH, {
		"<220 mail.example.com ESMTP ready\r\n", "dormant no_greeting",
	} },
	{ "text before the greeting, and a client that does not wait", FRESH, {
		"<hello\r\n", "",
		">USER a\r\n", "dormant client_first",
		"<220 ready\r\n", "",
	} },
	{ "a proxy in a request of HTTP's", FRESH, {
		"<220 ready\r\n", "",
		">OPEN /x HTTP/1.1\r\n", "dormant http",
	} },
	{ "P@SW before the login, and with more behind it", FRESH, {
		"<220 ready\r\n", "",
		">P@SW\r\n", "",
		"<" PASV227, "refused no_login",
		">USER a\r\n", "",
		"<230 in\r\n", "",
		">P@SW x\r\n", "",
		"<" PASV227, "refused not_asked",
	} },
	{ "words that are none of our business, before the login", FRESH, {
		"<220 ready\r\n", "",
		">MD5 a.bin\r\n", NOT_FTP,
	} },
	{ "before the login: what a client is made to say", FRESH, {
		"<220 evil\r\n", "",
		">USER a\r\nPORT 10,0,0,2,22,46\r\n", "refused no_login",
		"<331 go on\r\n", "",
		"<200 ok\r\n", "",
	} },
	{ "before the login: the server says 230 behind the PORT", FRESH, {
		"<220 evil\r\n", "",
		">USER a\r\nPORT 10,0,0,2,22,46\r\n", "refused no_login",
		"<230 in\r\n", "",
		"<200 ok\r\n", "",
	} },
	{ "before the login: 230 to nobody", FRESH, {
		"<220 evil\r\n230 in\r\n", "",
		">NOOP\r\n", "",
		"<230 in\r\n", "",
		">" PORT, "refused no_login",
		"<200 ok\r\n", "",
	} },
	{ "before the login: PASV, EPSV, EPRT", FRESH, {
		"<220 ready\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, "refused no_login",
		">USER a\r\n", "",
		"<331 password\r\n", "",
		">EPSV\r\n", "",
		"<" EPSV229, "refused no_login",
		">EPRT |1|10.0.0.2|5000|\r\n", "refused no_login",
		"<200 ok\r\n", "",
		">PASS b\r\n", "",
		"<530 no\r\n", "",
		">" PORT, "refused no_login",
		"<200 ok\r\n", "",
	} },
	{ "before the login: 230 behind 331, for what comes next", FRESH, {
		"<220 evil\r\n", "",
		">USER a\r\n", "",
		"<331 go on\r\n230 in\r\n", "",
		">PASS b\r\n" PORT, "refused no_login",
		"<230 in\r\n200 ok\r\n", "",
	} },
	{ "PORT behind REIN, answered after it", 0, {
		">REIN\r\n" PORT, "refused no_login",
		"<220 ready\r\n", "",
		"<200 ok\r\n", "",
	} },
	{ "PORT behind AUTH, before its answer", 0, {
		">AUTH TLS\r\n" PORT, "refused no_login",
		"<234 go\r\n", "refused encrypted",
	} },
	{ "a line instead of TLS, the client's", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">" PORT, "dormant encrypted",
	} },
	{ "a line instead of TLS, the server's", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">" RECORD "PASV\r\n", "",
		"<" PASV227, "dormant encrypted",
	} },
	{ "a line that began before TLS", 0, {
		">AUTH TLS\r\nPO", "",
		"<234 go\r\n", "refused encrypted",
		">RT 10,0,0,2,19,136\r\n", "dormant encrypted",
	} },
	{ "a reply that ends TLS before it began", 0, {
		">AUTH TLS\r\n", "",
		"<234-go\r\n", "",
		">NOOP\r\n", "",
		"<200 ok\r\n", "refused encrypted",
		">" PORT, "dormant encrypted",
	} },
	{ "PORT after CCC, before the server is back, which refuses it", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		"<" RECORD, "",
		">" RECORD PORT, OPEN,
		"<" CLOSE_NOTIFY "500 no\r\n", "close",
	} },
	{ "PORT after CCC, before the server is back, and the login was in TLS", FRESH, {
		"<220 ready\r\n", "",
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		"<" RECORD, "",
		">" RECORD PORT, "refused no_login",
		"<" CLOSE_NOTIFY "200 ok\r\n", "",
	} },
	{ "PORT after CCC, of a client that is made to say records", FRESH, {
		"<220 ready\r\n", "",
		">USER a\r\nAUTH TLS\r\n" RECORD PORT, "dormant encrypted",
		"<331 password\r\n234 go\r\n", "",
	} },
	{ "PORT after CCC, of a client that is made to say records in time", FRESH, {
		"<220 ready\r\n", "",
		">AUTH TLS\r\n", "",
		"<234 go\r\n" RECORD "200 ok\r\n", "refused encrypted",
		">" RECORD PORT "EPRT |1|10.0.0.2|5000|\r\n",
			"refused no_login; refused no_login",
		"<200 ok\r\n200 ok\r\n", "",
	} },
	{ "PASV before TLS, 227 behind it", 0, {
		">AUTH TLS\r\nPASV\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">" RECORD "NOOP\r\n", "",
		"<" RECORD PASV227, "refused not_asked",
	} },
	{ "PORT and 227 inside records", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">\027\003\003\200\026" PORT, "",
		"<\027\003\003\200\056" PASV227, "",
		">\027\003\003\200\006PASV\r\n", "",
		"<\027\003\003\200\056" PASV227, "",
	} },
	{ "a record after CCC, without AUTH", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">" RECORD "NOOP\r\n" RECORD, "dormant encrypted",
		"<" RECORD PASV227, "",
	} },
	{ "records that are longer than any", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">\027\003\003\110\001" PORT, "dormant encrypted",
	} },
	{ "records of no version of TLS", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">\027\002\003\200\003abc" PORT, "dormant encrypted",
	} },
	{ "more records than a login takes", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">\203\203\203" RECORD, "",
		"<\203\203\203" RECORD RECORD RECORD, "",
		"<" RECORD, "dormant encrypted",
	} },
	{ "HTTP after CCC", 0, {
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">" RECORD "GET / HTTP/1.1\r\n", "dormant http",
		"<" RECORD PASV227, "",
	} },
	{ "a line that is no command, after CCC", FRESH, {
		"<220 ready\r\n", "",
		">AUTH TLS\r\n", "",
		"<234 go\r\n", "refused encrypted",
		">" RECORD "Host: a\r\n", "dormant not_ftp",
	} },
	{ "after REIN, before the next login", 0, {
		">REIN\r\n", "",
		"<220 ready\r\n", "",
		">" PORT, "refused no_login",
		"<200 ok\r\n", "",
	} },
	{ "PORT with the address as the server sees it", 0, {
		">PORT 192,0,2,1,19,136\r\n", "refused outer_address",
		"<200 ok\r\n", "",
		">EPRT |1|192.0.2.1|5000|\r\n", "refused outer_address",
		"<200 ok\r\n", "",
	} },
	{ "a line before the login that is not kept whole", FRESH, {
		"<220 ready\r\n", "",
		">USER /\201 HTTP/1.1\r\n", NOT_FTP,
		">" PORT, "",
		"<200 ok\r\n", "",
	} },
	{ "PORT that the server refuses", 0, {
		">" PORT, OPEN,
		"<500 no\r\n", "close",
	} },
	{ "PORT refused with 4xx", 0, {
		">" PORT, OPEN,
		"<425 no\r\n", "close",
	} },
	{ "PORT answered 202, 3xx", 0, {
		">" PORT, OPEN,
		"<202 no\r\n", "close",
		">" PORT, OPEN,
		"<350 ok\r\n", "close",
		"<200 ok\r\n", "",
	} },
	{ "PORT refused after what is no answer to it", 0, {
		">" PORT, OPEN,
		"<150 go\r\n226 done\r\n250 ok\r\n220 ok\r\n", "",
		"<501 no\r\n", "close",
		"<200 ok\r\n", "",
	} },
	{ "PORT under 1024", 0, {
		">PORT 10,0,0,2,3,255\r\n", "refused low_port",
		"<200 ok\r\n", "",
		">PORT 10,0,0,2,0,0\r\n", "refused low_port",
		"<200 ok\r\n", "",
		">EPRT |1|10.0.0.2|22|\r\n", "refused low_port",
		"<200 ok\r\n", "",
	} },
	{ "PORT for a third party", 0, {
		">PORT 10,0,0,3,19,136\r\n", "refused third_party",
		"<200 ok\r\n", "",
		">EPRT |1|10.0.0.3|5000|\r\n", "refused third_party",
		"<200 ok\r\n", "",
	} },
	{ "PORT for the server's address", 0, {
		">PORT 10,9,0,9,19,136\r\n", "refused third_party",
		"<200 ok\r\n", "",
	} },
	{ "PORT with octets over 255", 0, {
		">PORT 266,0,0,2,19,136\r\n", "refused unreadable",
		"<200 a\r\n", "",
		">PORT 10,0,0,2,275,136\r\n", "refused unreadable",
		"<200 a\r\n", "",
		">PORT 10,0,0,2,19,392\r\n", "refused unreadable",
		"<200 a\r\n", "",
		">PORT 10,0,0,2,0019,136\r\n", "refused unreadable",
		"<200 a\r\n", "",
	} },
	{ "PORT with too few or too many numbers, or more", 0, {
		">PORT 10,0,0,2,19\r\n", "refused unreadable",
		"<200 a\r\n", "",
		">PORT 10,0,0,2,19,136,1\r\n", "refused unreadable",
		"<200 a\r\n", "",
		">PORT 10,0,0,2,19,136x\r\n", "refused unreadable",
		"<200 a\r\n", "",
		">PORT 10, 0,0,2,19,136\r\n", "refused unreadable",
		"<200 a\r\n", "",
		">PORT 10,0,0,2,19,136\200\r\n", "refused unreadable",
		"<200 a\r\n", "",
		">PORT 10,0,0,2,,136\r\n", "refused unreadable",
		"<200 a\r\n", "",
		">PORT\r\n", "refused unreadable",
	} },
	{ "telnet inside the address", 0, {
		">PORT 10,0,\377\3640,2,19,136\r\n", "refused unreadable",
		"<200 ok\r\n", "",
		">PORT 10,0,0,2,19,13\377\375\0016\r\n", "refused unreadable",
		"<200 a\r\n", "",
	} },
	{ "PORT with 500 spaces and more", 0, {
		">PORT \20210,0,0,2,19,136\r\n", "refused unreadable",
		"<200 ok\r\n", "",
		">PORT 10,0,0,2,19,136\202\r\n", "refused unreadable",
		"<200 ok\r\n", "",
	} },
	{ "an overlong PORT whose first 512 bytes are one", 0, {
		">NOOP \201\r\n", "",
		"<200 a\r\n", "",
		">PORT \201" PORT, "refused unreadable",
		"<200 a\r\n", "",
	} },
	{ "bad EPRT", 0, {
		">EPRT |2|10.0.0.2|5000|\r\n", "refused unreadable",
		">EPRT |3|10.0.0.2|5000|\r\n", "refused unreadable",
		">EPRT |1|10.0.0.2|70536|\r\n", "refused unreadable",
		">EPRT |1|10.0.0.2|005000|\r\n", "refused unreadable",
		">EPRT |1|10.0.0.2!5000|\r\n", "refused unreadable",
		">EPRT |1|10.0.0.2|5000\r\n", "refused unreadable",
		">EPRT |1|10.0.2|5000|\r\n", "refused unreadable",
		">EPRT |1|10.0.0.258|5000|\r\n", "refused unreadable",
		">EPRT 01010.0.0.2050000\r\n", "refused unreadable",
		">EPRT |2|fd00::2|5000|\r\n", "refused other_family",
		">EPRT |1|10.0.0.2|5000| x\r\n", "refused unreadable",
		">EPRT \r\n", "refused unreadable",
		">EPRT \t1\r\n", "refused unreadable",
		">EPRT |11|10.0.0.2|5000|\r\n", "refused unreadable",
	} },
	{ "bad IPv6 addresses", V6 | LOOSE, {
		">EPRT |2|fd00::2::|5000|\r\n", "refused unreadable",
		">EPRT |2|:fd00::2|5000|\r\n", "refused unreadable",
		">EPRT |2|fd00:2|5000|\r\n", "refused unreadable",
		">EPRT |2|1:2:3:4:5:6:7:8:9|5000|\r\n", "refused unreadable",
		">EPRT |2|1:2:3:4:5:6:7::8|5000|\r\n", "refused unreadable",
		">EPRT |2|fd000::2|5000|\r\n", "refused unreadable",
		">EPRT |2|1:2:3:4:5:6:7:1.2.3.4|5000|\r\n", "refused unreadable",
		">EPRT |2|fd00::1.2.3|5000|\r\n", "refused unreadable",
		">EPRT |2||5000|\r\n", "refused unreadable",
		">EPRT |2|fd00:|5000|\r\n", "refused unreadable",
		">EPRT |1|10.0.0.2|5000|\r\n", "refused other_family",
		">PORT 10,0,0,2,19,136\r\n", "refused other_family",
	} },
	{ "227 that nobody asked for", 0, {
		"<" PASV227, "refused not_asked",
		">NOOP\r\n", "",
		"<" PASV227, "refused not_asked",
		">PASV a\r\n", "",
		"<" PASV227, "refused not_asked",
	} },
	{ "227 to EPSV, after EPSV ALL", 0, {
		">EPSV ALL\r\nEPSV\r\n", "",
		"<200 ok\r\n" PASV227, "refused epsv_all",
	} },
	{ "229 that nobody asked for", 0, {
		"<" EPSV229, "refused not_asked",
		">NOOP\r\n", "",
		"<" EPSV229, "refused not_asked",
		">PASV\r\n", "",
		"<" EPSV229, "refused not_asked",
		">EPSV ALL\r\n", "",
		"<" EPSV229, "refused not_asked",
		">EPSV x\r\n", "",
		"<" EPSV229, "refused not_asked",
		">EPSV 1 2\r\n", "",
		"<" EPSV229, "refused not_asked",
	} },
	{ "one PASV, two 227", 0, {
		">PASV\r\n", "",
		"<" PASV227 PASV227, OPEN227 "; refused not_asked",
	} },
	{ "227 for a third party", 0, {
		">PASV\r\n", "",
		"<227 (10,9,0,8,19,136)\r\n", "refused third_party",
	} },
	{ "227 for the client's address", 0, {
		">PASV\r\n", "",
		"<227 (10,0,0,2,19,136)\r\n", "refused third_party",
	} },
	{ "227 and 229 under 1024, loose too", LOOSE, {
		">PASV\r\n", "",
		"<227 (10,9,0,9,3,255)\r\n", "refused low_port",
		">EPSV\r\n", "",
		"<229 (|||1023|)\r\n", "refused low_port",
		">PORT 10,0,0,2,0,22\r\n", "refused low_port",
		"<200 ok\r\n", "",
	} },
	{ "227 with octets over 255, or seven", 0, {
		">PASV\r\n", "",
		"<227 (266,9,0,9,19,136)\r\n", "refused unreadable",
		">PASV\r\n", "",
		"<227 (10,9,0,9,275,136)\r\n", "refused unreadable",
		">PASV\r\n", "",
		"<227 (1,10,9,0,9,19,136)\r\n", "refused unreadable",
		">PASV\r\n", "",
		"<227 (10,9,0,9,19,136,1)\r\n", "refused unreadable",
		">PASV\r\n", "",
		"<227 (1110,9,0,9,19,136)\r\n", "refused unreadable",
		">PASV\r\n", "",
		"<227 (10,9,0,9,19)\r\n", "refused unreadable",
	} },
	{ "227 with two addresses", 0, {
		">PASV\r\n", "",
		"<227 10,9,0,9,20,1 (10,9,0,9,19,136)\r\n", "refused unreadable",
	} },
	{ "227 inside another reply", 0, {
		">PASV\r\nSTAT\r\n", "",
		"<550 no\r\n", "",
		"<211-a\r\n" PASV227 "211 b\r\n", "",
		">PASV\r\n", "",
		"<500-a\r\n" PASV227 "500 b\r\n", "",
	} },
	{ "227 in its own first line only", 0, {
		">PASV\r\n", "",
		"<227-(10,9,0,9,19,136)\r\n227 that was it\r\n", "refused unreadable",
	} },
	{ "227 without an end", 0, {
		">PASV\r\n", "",
		"<227-(10,9,0,9,19,136)\r\n", "",
		">NOOP\r\n", "",
		"<200 ok\r\n", "refused unreadable",
	} },
	{ "227 over IPv6", V6, {
		">PASV\r\n", "",
		"<" PASV227, "refused other_family",
	} },
	{ "overlong 227", 0, {
		">PASV\r\n", "",
		"<227 (10,9,0,9,19,136) \201\r\n", "refused unreadable",
	} },
	{ "bad 229", 0, {
		">EPSV\r\n", "",
		"<229 |||5000|\r\n", "refused unreadable",
		">EPSV\r\n", "",
		"<229 (|||70536|)\r\n", "refused unreadable",
		">EPSV\r\n", "",
		"<229 (|1|10.9.0.9|5000|)\r\n", "refused unreadable",
		">EPSV\r\n", "",
		"<229 (|||5000|\r\n", "refused unreadable",
		">EPSV\r\n", "",
		"<229 (|||005000|)\r\n", "refused unreadable",
		">EPSV\r\n", "",
		"<229 (   5000 )\r\n", "refused unreadable",
		">EPSV\r\n", "",
		"<229 (||||)\r\n", "refused unreadable",
		">EPSV\r\n", "",
		"<229 (||!5000|)\r\n", "refused unreadable",
	} },
	{ "HTTP POST with a PORT line", FRESH, {
		"<220 ready\r\n", "",
		">POST / HTTP/1.1\r\nHost: x\r\n\r\n", "dormant http",
		">" PORT, "",
		"<200 ok\r\n", "",
	} },
	{ "HTTP GET, no line's end", FRESH, {
		"<220 ready\r\n", "",
		">GET /abc", "dormant http",
	} },
	{ "HTTP with a verb of FTP's", FRESH, {
		"<220 ready\r\n", "",
		">NOOP / HTTP/1.1\r\nHost: x\r\n", "dormant http",
	} },
	{ "HTTP with a verb of FTP's and a long path: the header", FRESH, {
		"<220 ready\r\n", "",
		">NOOP /\201 HTTP/1.1\r\nHost: x\r\n", NOT_FTP,
		">" PORT, "",
		"<200 ok\r\n", "",
	} },
	{ "HTTP with other methods", FRESH, {
		"<220 ready\r\n", "",
		">DELETE /a HTTP/1.1\r\n", NOT_FTP,
	} },
	{ "WebDAV", FRESH, {
		"<220 ready\r\n", "",
		">COPY /a HTTP/1.1\r\n", "dormant unknown_command",
	} },
	{ "HTTP after a login", 0, {
		">" PORT, OPEN,
		"<200 ok\r\n", "",
		">POST /a HTTP/1.1\r\n", "close, dormant http",
	} },
	{ "HTTP before the greeting", FRESH, {
		">GET / HTTP/1.1\r\n", "dormant client_first",
		"<220 ready\r\n", "",
		">" PORT, "",
		"<200 ok\r\n", "",
	} },
	{ "a client that does not wait for the greeting", FRESH, {
		"<220-wait\r\n", "",
		">USER a\r\n", "dormant client_first",
		"<220 ready\r\n", "",
		">" PORT, "",
		"<200 ok\r\n", "",
	} },
	{ "a server that does not greet", FRESH, {
		"<SSH-2.0-x\r\n", "dormant no_greeting",
	} },
	{ "a server that says 200 first", FRESH, {
		"<200 ok\r\n", "dormant no_greeting",
		">" PORT, "",
		"<200 ok\r\n", "",
	} },
	{ "a TLS hello", FRESH, {
		"<220 ready\r\n", "",
		">\026\003\001\002\200\001\200\001", NOT_FTP,
		">\r\n" PORT, "",
		"<200 ok\r\n", "",
	} },
	{ "SIP", FRESH, {
		"<220 ready\r\n", "",
		">REGISTER sip:x\r\n", NOT_FTP,
	} },
	{ "an empty line", FRESH, {
		"<220 ready\r\n", "",
		">\r\n", NOT_FTP,
		">" PORT, "",
		"<200 ok\r\n", "",
	} },
	{ "a space before the verb", FRESH, {
		"<220 ready\r\n", "",
		"> " PORT, NOT_FTP,
	} },
	{ "a tab after the verb", FRESH, {
		"<220 ready\r\n", "",
		">PORT\t10,0,0,2,19,136\r\n", NOT_FTP,
	} },
	{ "a CR, a NUL and 255 in the verb", FRESH, {
		"<220 ready\r\n", "",
		">NOOP\rPORT 1\r\n", NOT_FTP,
		">" PORT, "",
	} },
	{ "a NUL in the verb", FRESH, {
		"<220 ready\r\n", "",
		">NO\200P\r\n", NOT_FTP,
	} },
	{ "a verb of two letters, of five", FRESH, {
		"<220 ready\r\n", "",
		">LS\r\n", NOT_FTP,
	} },
	{ "a verb of five letters", FRESH, {
		"<220 ready\r\n", "",
		">PORTS 1\r\n", NOT_FTP,
	} },
	{ "an unknown verb before the login", FRESH, {
		"<220 ready\r\n", "",
		">HELO x\r\n", "dormant unknown_command",
	} },
	{ "an unknown verb after REIN", 0, {
		">REIN\r\n", "",
		"<220 ready\r\n", "",
		">HELO x\r\n", "dormant unknown_command",
	} },
	{ "PORT behind CR in an argument", 0, {
		">CWD a\r" PORT, "",
		"<250 a\r\n200 b\r\n", "",
	} },
	{ "a PORT in two lines", 0, {
		">PORT 10,0,0,2\r\n,19,136\r\n", "refused unreadable",
		"<501 no\r\n500 no\r\n", "",
	} },
	{ "no commands of PORT, after the login", 0, {
		"> " PORT "x" PORT "PORT\t10,0,0,2,19,136\r\nPORTS 1\r\nPO\200RT 1\r\n", "",
		">CWD a\rPORT 10,0,0,2,19,136\r\n", "",
		"<200 a\r\n200 b\r\n200 c\r\n200 d\r\n200 e\r\n200 f\r\n", "",
	} },
	{ "a half-line kept open", 0, {
		">PORT 10,0,0,2,19,136", "",
		"<200 ok\r\n", "",
		">\r\n", OPEN,
	} },
	{ "EPSV ALL, then others", 0, {
		">EPSV ALL\r\n" PORT, "refused epsv_all",
		"<200 ok\r\n", "",
		"<200 ok\r\n", "",
		">" PORT, "refused epsv_all",
		"<200 ok\r\n", "",
		">PASV\r\n", "",
		"<" PASV227, "refused epsv_all",
		">EPRT |1|10.0.0.2|5000|\r\n", "refused epsv_all",
		"<200 ok\r\n", "",
	} },
	{ "a second PORT closes the first one's hole", 0, {
		">" PORT, OPEN,
		"<200 ok\r\n", "",
		">PORT 10,0,0,2,0,1\r\n", "close, refused low_port",
		"<200 ok\r\n", "",
		">" PORT, OPEN,
		"<200 ok\r\n", "",
		">PASV\r\n", "close",
		"<500 no\r\n", "",
	} },
	{ "a flood of PORT: never two holes", 0, {
		">" PORT PORT PORT, OPEN "; close, " OPEN "; close, " OPEN,
		"<200 ok\r\n", "",
		"<500 no\r\n", "",
		"<500 no\r\n", "close",
	} },
	{ "a flood of PORT among transfers: one waits for its turn", 0, {
		">" PORT "RETR a\r\n" PORT PORT PORT,
			OPEN "; renew long; offer 10,0,0,2,19,136 [10,0,0,2,19,136]; "
			"refused too_early; refused too_early",
		"<200 ok\r\n150 go\r\n", "",
		"<226 ok\r\n", "close, open client 10,0,0,2,19,136",
		"<500 no\r\n", "close",
		"<200 ok\r\n200 ok\r\n", "",
	} },
	{ "20 commands and PORT: what is older is forgotten, and its refusal is known", 0, {
		">" NOOP4 NOOP4 NOOP4 NOOP4 NOOP4 PORT, OPEN,
		"<200 1\r\n200 2\r\n200 3\r\n200 4\r\n200 5\r\n200 6\r\n200 7\r\n200 8\r\n", "",
		"<200 9\r\n200 a\r\n200 b\r\n200 c\r\n200 d\r\n200 e\r\n200 f\r\n", "",
		"<500 no\r\n", "close",
	} },
	{ "20 commands and PORT, all of them answered: its refusal is known", 0, {
		">" NOOP4 NOOP4 NOOP4 NOOP4 NOOP4 PORT, OPEN,
		"<200 1\r\n200 2\r\n200 3\r\n200 4\r\n200 5\r\n200 6\r\n200 7\r\n200 8\r\n", "",
		"<200 1\r\n200 2\r\n200 3\r\n200 4\r\n200 5\r\n200 6\r\n200 7\r\n200 8\r\n", "",
		"<200 1\r\n200 2\r\n200 3\r\n200 4\r\n", "",
		"<500 no\r\n", "close",
	} },
	{ "AUTH, long ago", 0, {
		">AUTH TLS\r\n" NOOP4 NOOP4 NOOP4 NOOP4, "",
		"<234 go\r\n", "dormant encrypted",
	} },
	{ "REIN, long ago", 0, {
		">" PORT, OPEN,
		">REIN\r\n" NOOP4 NOOP4 NOOP4 "NOOP\r\nNOOP\r\n", "",
		">NOOP\r\nNOOP\r\n", "close",
		">" PORT, "refused no_login",
		">PASV\r\n", "",
		"<" PASV227, "refused no_login",
	} },
	{ "PORT pending when the client speaks HTTP", 0, {
		">" PORT, OPEN,
		">GET / HTTP/1.1\r\n", "close, dormant http",
		"<200 ok\r\n", "",
	} },
	{ "the 200 of another command", 0, {
		">NOOP\r\n" PORT, OPEN,
		"<200 noop\r\n", "",
		"<500 port\r\n", "close",
	} },
	{ "a 200 before the PORT", 0, {
		"<200 ok\r\n", "",
		">" PORT, OPEN,
		"<200-ok\r\n", "",
		"<500 no\r\n", "",
	} },
	{ "protected replies", 0, {
		">MIC abc\r\n", "",
		"<631 abc\r\n", "dormant encrypted",
	} },
	{ "ADAT", 0, {
		">ADAT abc\r\n", "",
		"<235 abc\r\n", "dormant encrypted",
	} },
	{ "taken up: an answer to what was asked before", RESUMED, {
		"<" PASV227, "refused not_asked",
		"<" EPSV229, "refused not_asked",
		"<200 ok\r\n", "",
		">GET / HTTP/1.1\r\n", "close, dormant http",
	} },
	{ "LPRT and SPSV open nothing", 0, {
		">LPRT 4,4,10,0,0,2,2,19,136\r\n", "",
		"<200 ok\r\n", "",
		">SPSV\r\n", "",
		"<227 5000\r\n", "refused not_asked",
	} },
};

static void ends_of(unsigned int flags, struct alg_ends *ends)
{
	static const struct alg_ends v4 = {
		.client = { { 4, { 10, 0, 0, 2 } }, { 4, { 192, 0, 2, 1 } } },
		.server = { { 4, { 10, 9, 0, 9 } }, { 4, { 203, 0, 113, 5 } } },
	}, v6 = {
		.client = { { 16, { 0xfd, [15] = 2 } }, { 16, { 0x20, 1, 0xd, 0xb8, [15] = 1 } } },
		.server = { { 16, { 0xfd, [15] = 9 } }, { 16, { 0x20, 1, 0xd, 0xb8, [15] = 5 } } },
	};

	*ends = flags & V6 ? v6 : v4;
	if (flags & PUBLIC) {
		ends->server[0] = (struct alg_addr) { 4, { 198, 51, 100, 9 } };
		ends->server[1] = ends->server[0];
	}
	ends->loose = flags & LOOSE;
	ends->active = !(flags & PASSIVE);
}

/* Of each hole, for what does not say it again */
static struct alg_endpoint shown[FTP_HOLES];
static u8 shown_form[FTP_HOLES];

/* What is done to a hole, and where it leads; if its text is in this line, what it is */
static size_t describe_hole(const struct run *r, const struct event *e, unsigned int i, char *text,
			    size_t size)
{
	static const char * const own[] = { "", " outer", " other" };
	const struct alg_action *a = &e->v.action[i], *rewrite = NULL;
	u8 form = shown_form[a->hole];
	struct alg_endpoint end = shown[a->hole];
	char addr[ALG_TEXT_MAX];
	size_t n;

	if (i + 1 < e->v.count && e->v.action[i + 1].act == ALG_REWRITE)
		rewrite = &e->v.action[i + 1];
	if (a->end.port) {
		end = a->end;
		form = rewrite ? rewrite->form : FTP_FORM_PORT;
	}
	shown[a->hole] = end;
	shown_form[a->hole] = form;
	ftp_print(addr, form, &end.addr, end.port);
	n = snprintf(text, size, "%s%s %s%s", a->act == ALG_OFFER ? "offer" : "open",
		     a->act == ALG_OFFER ? "" : end.to_client ? " client" : " server", addr,
		     own[end.own]);
	if (rewrite)
		n += snprintf(text + n, size - n, " [%.*s]", rewrite->len,
			      r->u.stream[e->reply] + e->text);
	return n;
}

/* The verdicts from @from on, in words */
static void describe(const struct run *r, unsigned int from, char *text, size_t size)
{
	size_t n = 0;
	unsigned int i;

	text[0] = '\0';
	for (; from < r->count; from++) {
		const struct event *e = &r->events[from];
		const char *comma = "";
		u32 open = e->open;

		if (n)
			n += snprintf(text + n, size - n, "; ");
		for (i = 0; i < e->v.count; i++) {
			const struct alg_action *a = &e->v.action[i];

			if (a->act == ALG_REWRITE)
				continue;
			n += snprintf(text + n, size - n, "%s", comma);
			comma = ", ";
			if (a->act == ALG_CLOSE)
				n += snprintf(text + n, size - n, "close");
			else if (a->act == ALG_DORMANT)
				n += snprintf(text + n, size - n, "dormant %s",
					      ftp_why_name(a->why));
			else if (!a->end.port && open >> a->hole & 1)
				n += snprintf(text + n, size - n, "renew%s",
					      a->class ? " long" : "");
			else
				n += describe_hole(r, e, i, text + n, size - n);
			if (a->act == ALG_CLOSE)
				open &= ~(1U << a->hole);
			else if (a->act == ALG_OPEN)
				open |= 1U << a->hole;
		}
		if (e->v.why)
			n += snprintf(text + n, size - n, "%srefused %s", comma,
				      ftp_why_name(e->v.why));
	}
}

static struct run whole, other;
/* Returns the length. */
static unsigned int say(struct run *r, const char *text, enum cutting cut, u32 at)
{
	unsigned int len = 0, n;
	const char *s;
	u8 data[4096];

	for (s = text + 1; *s; s++) {
		switch ((u8)*s) {
		case 0203:
			for (n = 0; n < 16; n++, len += 5)
				memcpy(data + len, "\027\003\003\0\0", 5);
			break;
		case 0201:
		case 0202:
			memset(data + len, (u8)*s == 0201 ? 'x' : ' ', 512);
			len += 512;
			break;
		default:
			data[len++] = (u8)*s == 0200 ? 0 : *s;
		}
	}
	units_bytes(&r->u, text[0] == '<', data, len, cut, at);
	return len;
}

static void begin(struct run *r, const struct dialogue *g, enum cutting cut, u32 at)
{
	static const char * const login[] = {
		"<220 ready\r\n", ">USER a\r\n", "<331 password\r\n", ">PASS b\r\n", "<230 in\r\n",
	};
	struct alg_ends ends;
	unsigned int i;

	ends_of(g->flags, &ends);
	run_init(r, &ends);
	if (g->flags & RESUMED)
		run_resume(r);
	for (i = 0; i < ARRAY_SIZE(login) && !(g->flags & (FRESH | RESUMED)); i++)
		say(r, login[i], cut, at);
}

static bool run_cut(const struct dialogue *g, enum cutting cut, u32 at)
{
	const char * const *s;
	int i;

	begin(&other, g, cut, at);
	for (s = g->steps; *s; s += 2)
		say(&other, *s, cut, at);
	i = run_differ(&whole, &other);
	if (i >= 0)
		printf("# cut %u at %u: decision %d is another one\n", cut, at, i);
	return i < 0;
}

static void test(const struct dialogue *g, const char *kind)
{
	unsigned int from, at, len, longest = 0;
	const char * const *s;
	char got[4096];
	bool good = true;

	begin(&whole, g, CUT_NOT, 0);
	if (whole.count) {
		printf("# something is decided in the login\n");
		good = false;
	}
	for (s = g->steps; *s; s += 2) {
		from = whole.count;
		len = say(&whole, *s, CUT_NOT, 0);
		describe(&whole, from, got, sizeof(got));
		if (strcmp(got, s[1])) {
			printf("# step %d: got \"%s\", wanted \"%s\"\n", (int)(s - g->steps) / 2,
			       got, s[1]);
			good = false;
		}
		if (len > longest)
			longest = len;
	}
	good &= run_cut(g, CUT_BYTES, 0);
	for (at = 1; at < longest && good; at++)
		good &= run_cut(g, CUT_AT, at) && run_cut(g, CUT_REWIND, at);
	ok(good, kind, g->name);
}

static void one(struct run *r, bool reply, const char *text)
{
	units_bytes(&r->u, reply, (const u8 *)text, strlen(text), CUT_NOT, 0);
}

/* Does the last verdict open something? */
static bool opens(void)
{
	const struct alg_verdict *v;
	unsigned int i;

	if (!whole.count)
		return false;
	v = &whole.events[whole.count - 1].v;
	for (i = 0; i < v->count; i++)
		if (v->action[i].act == ALG_OPEN)
			return true;
	return false;
}

static void log_in(void)
{
	one(&whole, true, "220 a\r\n");
	one(&whole, false, "USER a\r\n");
	one(&whole, true, "230 in\r\n");
}

/* Thousands of transfers on one connection, active and passive */
static void test_many(void)
{
	unsigned int i, opened = 0;
	struct alg_ends ends;

	ends_of(0, &ends);
	run_init(&whole, &ends);
	log_in();
	for (i = 0; i < 10000; i++) {
		whole.count = 0;
		units_again(&whole.u);
		one(&whole, false, i & 1 ? "PASV\r\n" : PORT);
		one(&whole, true, i & 1 ? PASV227 : "200 ok\r\n");
		opened += opens();
		one(&whole, false, "RETR a\r\n");
		one(&whole, true, "150 go\r\n226 done\r\n");
	}
	ok(opened == i, "", "10000 transfers on one connection");
}

/* Thousands of commands without an answer, and then a transfer */
static void test_flood(void)
{
	struct alg_ends ends;
	unsigned int i;

	ends_of(0, &ends);
	run_init(&whole, &ends);
	log_in();
	for (i = 0; i < 70000; i++) {
		units_again(&whole.u);
		one(&whole, false, i % 100 ? "NOOP\r\n" : "PORT 1\r\n");
	}
	one(&whole, true, "226 done\r\n");
	one(&whole, false, "PASV\r\n");
	one(&whole, true, PASV227);
	ok(opens(), "", "70000 commands without an answer, and then 227");
}

static bool hold(const char *before, bool reply, const char *part)
{
	struct alg_ends ends;

	ends_of(0, &ends);
	run_init(&whole, &ends);
	log_in();
	one(&whole, false, before);
	one(&whole, reply, part);
	return ftp_hold(&whole.f, reply, &whole.u.line[reply]);
}

static void test_hold(void)
{
	char long_line[600];

	snprintf(long_line, sizeof(long_line), "PORT %520s", "");
	ok(hold("", false, "p") && hold("", false, "EPR") && hold("", false, "PORT 1,2") &&
	   hold("", false, "\377\364Po"), "", "half an address of the client's is to be held back");
	ok(!hold("", false, "") && !hold("", false, "PA") && !hold("", false, "PORT 1\r\n") &&
	   !hold("", false, "USER PORT ") && !hold("", false, long_line) &&
	   !hold("GET /\n", false, "P"), "", "other lines of the client's are not");
	ok(hold("PASV\r\n", true, "2") && hold("NOOP\r\nEPSV\r\n", true, "227 ") &&
	   hold("EPSV\r\n", true, "229 a (|"), "", "half a 227 that was asked for is");
	ok(!hold("PASV\r\n", true, "21") && !hold("NOOP\r\n", true, "227 ") &&
	   !hold("PASV\r\n", true, "227-") && !hold("PASV\r\n", true, ""), "",
	   "other replies are not");
}

/* What another state goes on with */
static bool goes_on(const char *before, bool reply, const char *part, const char *after,
		    bool good)
{
	struct alg_ends ends;
	u8 saved;

	ends_of(0, &ends);
	run_init(&whole, &ends);
	log_in();
	one(&whole, false, before);
	one(&whole, reply, part);
	saved = ftp_save(&whole.f);
	if (!saved || saved & 0x80)
		return false;
	memset(&whole.f, 0, sizeof(whole.f));
	ftp_resume(&whole.f, saved);
	whole.open[0] = false;
	one(&whole, false, PORT);
	one(&whole, true, after);
	return holes_open(&whole) == good;
}

static bool cannot_go_on(const char *before)
{
	struct alg_ends ends;

	ends_of(0, &ends);
	run_init(&whole, &ends);
	log_in();
	one(&whole, before[0] == '<', before + 1);
	return !ftp_save(&whole.f);
}

static void test_save(void)
{
	ok(goes_on("NOOP\r\n", true, "200 ok\r\n", "200 ok\r\n", true) &&
	   goes_on("NOOP\r\n", true, "200 ok\r\n", "500 no\r\n", false), "",
	   "a dialogue that waits for nothing goes on later");
	ok(goes_on("RETR a\r\n", true, "150 go\r\n", "226 done\r\n200 ok\r\n", true) &&
	   goes_on("RETR a\r\n", true, "150 go\r\n", "226 done\r\n500 no\r\n", false), "",
	   "one with a transfer goes on, and the transfer's reply is its own");
	ok(cannot_go_on(">TYPE I\r\n") && cannot_go_on(">REIN\r\n") &&
	   cannot_go_on(">AUTH TLS\r\n") && cannot_go_on(">EPSV ALL\r\n") &&
	   cannot_go_on(">" PORT) && cannot_go_on(">RETR a\r\nRETR b\r\n") &&
	   cannot_go_on("<200-a\r\n"), "", "one that waits for an answer, or amid a reply, cannot");
}

static void test_save_tls(void)
{
	struct alg_ends ends;
	bool good;

	ends_of(0, &ends);
	run_init(&whole, &ends);
	say(&whole, "<220 ready\r\n", CUT_NOT, 0);
	say(&whole, ">AUTH TLS\r\n", CUT_NOT, 0);
	say(&whole, "<234 go\r\n" RECORD, CUT_NOT, 0);
	say(&whole, ">" RECORD, CUT_NOT, 0);
	good = !ftp_save(&whole.f);
	say(&whole, ">NOOP\r\n", CUT_NOT, 0);
	say(&whole, "<200 ok\r\n", CUT_NOT, 0);
	good &= !ftp_save(&whole.f);
	say(&whole, ">USER a\r\n", CUT_NOT, 0);
	say(&whole, "<230 in\r\n", CUT_NOT, 0);
	ok(good && ftp_save(&whole.f), "", "nor one in TLS, or behind it, before the next login");
}

/* @words: the address's, of which zeros are left out */
static bool prints(const char *wanted, const char *words)
{
	struct alg_addr v6 = { .len = 16 };
	char text[ALG_TEXT_MAX], whole[ALG_TEXT_MAX];
	unsigned int i, word;

	for (i = 0; i < 8; i++) {
		word = *words == ':' ? 0 : strtoul(words, NULL, 16);
		words += strcspn(words, ":");
		words += *words == ':';
		v6.b[2 * i] = word >> 8;
		v6.b[2 * i + 1] = word;
	}
	snprintf(whole, sizeof(whole), "|2|%s|5000|", wanted);
	return ftp_print(text, FTP_FORM_EPRT, &v6, 5000) == (int)strlen(whole) &&
	       !strcmp(text, whole);
}

static void test_print(void)
{
	const struct alg_addr v4 = { 4, { 255, 255, 255, 255 } };
	struct alg_addr v6 = { .len = 16 };
	char text[ALG_TEXT_MAX];

	memset(v6.b, 0xff, sizeof(v6.b));
	ok(ftp_print(text, FTP_FORM_PORT, &v4, 65535) == 23 &&
	   !strcmp(text, "255,255,255,255,255,255"), "", "the longest PORT");
	ok(ftp_print(text, FTP_FORM_EPRT, &v4, 65535) == 25 &&
	   !strcmp(text, "|1|255.255.255.255|65535|"), "", "the longest EPRT, IPv4");
	ok(ftp_print(text, FTP_FORM_EPRT, &v6, 65535) == 49 &&
	   !strcmp(text, "|2|ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff|65535|"), "",
	   "the longest EPRT, IPv6");
	ok(prints("fd00::1:0:0:1", "fd00::::1:::1") &&
	   prints("::", "::::::::") && prints("1::", "1:::::::") && prints("::1", ":::::::1") &&
	   prints("1:0:2:0:3:0:4:0", "1::2::3::4:") && prints("1::2:0:0:3:4", "1:::2:::3:4") &&
	   prints("::2:3:4:5:6:7", "::2:3:4:5:6:7") && prints("1:2:3:4:5:6::", "1:2:3:4:5:6::") &&
	   prints("0:2:3:4:5:6:7:8", ":2:3:4:5:6:7:8") &&
	   prints("1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:"), "", "IPv6 as RFC 5952 has it");
	ok(ftp_print(text, FTP_FORM_EPSV, &v6, 1024) == 8 &&
	   !strcmp(text, "|||1024|"), "", "EPSV");
	v6.len = 0;
	ok(!ftp_print(text, FTP_FORM_PORT, &v6, 1) && !ftp_print(text, FTP_FORM_EPRT, &v6, 1) &&
	   !ftp_print(text, 3, &v4, 1), "", "what cannot be written is not");
}

static bool shows(bool reply, const char *text, const char *wanted)
{
	return log_shows(&ftp_protocol, reply, text, wanted);
}

static void test_show(void)
{
	ok(shows(false, "PASS secret\r\n", "PASS") && shows(false, "pass secret\n", "pass") &&
	   shows(false, "PASS sec", "PASS") && shows(false, "PASSsecret\n", "PASS") &&
	   shows(false, " PASS secret\n", " PAS") && shows(false, "ACCT secret\n", "ACCT") &&
	   shows(false, "\377\364PASS secret\n", "PASS") &&
	   shows(false, "PASS\tsecret\n", "PASS") &&
	   shows(false, "USER a\n", "USER") && shows(false, "SITE PSWD a b\n", "SITE") &&
	   shows(false, "RETR a\n", "RETR") && shows(false, "PAS secret\n", "PAS"), "",
	   "passwords and names are not shown");
	ok(shows(false, PORT, "PORT 10,0,0,2,19,136") && shows(false, "EPSV ALL\n", "EPSV ALL") &&
	   shows(true, "227 (1,2,3,4,5,6)\n", "227 (1,2,3,4,5,6)") &&
	   shows(false, "\026\003\001\002\001\n", "\026\003\001\002") && shows(false, "\n", "") &&
	   shows(false, "x\n", "x") && shows(true, "", ""), "", "what is about holes is");
}

int main(void)
{
	unsigned int i;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < ARRAY_SIZE(benign); i++)
		test(&benign[i], "benign: ");
	for (i = 0; i < ARRAY_SIZE(hostile); i++)
		test(&hostile[i], "hostile: ");
	test_many();
	test_flood();
	test_hold();
	test_save();
	test_save_tls();
	test_print();
	test_names(&ftp_protocol, FTP_WHY_END);
	test_show();
	printf("1..%u\n", tests);
	return !!failed;
}
