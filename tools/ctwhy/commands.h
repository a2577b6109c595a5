/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTWHY_COMMANDS_H
#define CTWHY_COMMANDS_H

int watch_main(int argc, char **argv);
int top_main(int argc, char **argv);
int explain_main(int argc, char **argv);

#endif /* CTWHY_COMMANDS_H */
