/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_COMMANDS_H
#define CTFULL_COMMANDS_H

int status_main(int argc, char **argv);
int top_main(int argc, char **argv);
int monitor_main(int argc, char **argv);
int guard_main(int argc, char **argv);
int arm_main(int argc, char **argv);
int metrics_main(int argc, char **argv);

#endif /* CTFULL_COMMANDS_H */
