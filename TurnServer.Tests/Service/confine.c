/* Runs a program under the unit's restrictions, as far as the kernel provides them without systemd: no new privileges,
   no memory that is writable and executable, no other socket families, no other system calls. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define RETURN(what) BPF_STMT(BPF_RET | BPF_K, what)
#define ALLOW(number) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), RETURN(SECCOMP_RET_ALLOW)

static struct sock_filter families[] = {
    LOAD(nr),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 1, 0),
    RETURN(SECCOMP_RET_ALLOW),
    LOAD(args[0]),
    ALLOW(AF_INET),
    ALLOW(AF_UNIX),
    RETURN(SECCOMP_RET_ERRNO | EAFNOSUPPORT),
};

static struct sock_filter calls[] = {
    LOAD(nr),
#include "allowed.h"
    RETURN(SECCOMP_RET_ERRNO | EPERM),
};

static int set(struct sock_filter *filter, size_t bytes)
{
    struct sock_fprog program = { bytes / sizeof *filter, filter };
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int count, char **words)
{
    if (count < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_MDWE, 1, 0, 0, 0)
        || set(families, sizeof families) || set(calls, sizeof calls)) {
        perror("confine");
        return 98;
    }
    if (mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED
        || socket(AF_INET6, SOCK_STREAM, 0) >= 0 || syscall(SYS_setpriority, 0, 0, 0) == 0) {
        fputs("confine: the restrictions are not in effect\n", stderr);
        return 97;
    }
    execvp(words[1], words + 1);
    perror(words[1]);
    return 96;
}
