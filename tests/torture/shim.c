/* Counts the calls by which processes change files below a folder, and strikes at one of them.
 *
 * Preloaded into every process of a run. All count in one shared file: at call number AT (in the order in which
 * they happen, whichever process makes them) a signal is sent before the call, or the call fails with an error.
 *
 *   TORTURE_ROOT   the folder        TORTURE_COUNTER   the shared file: struct counter
 *   TORTURE_AT     1, 2, …; 0: only count
 *   TORTURE_HOW    self | first | both: SIGKILL to the caller, to the first process of all, or to both
 *                  error:N            the call fails with errno N; error:N+ : and every later one that
 *                  would: opening (EMFILE), or whatever needs room on the disk (all other errors)
 *                  lock:N             every lock on a file is refused with errno N; nothing is counted
 *   TORTURE_LATER  seconds by which the clock is ahead
 *   TORTURE_MOUNTS a file to be read in the place of /proc/self/mounts
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

struct counter {
    atomic_long calls;
    atomic_int first;
    atomic_int struck;
};

static struct counter *counter;
static char root[4096];
static size_t root_length;
static long at, later;
static int kill_self, kill_first, error, for_ever, lock_error;
static __thread int inside;

__attribute__((constructor)) static void begin(void) {
    const char *ahead = getenv("TORTURE_LATER");
    later = ahead ? atol(ahead) : 0;
    const char *file = getenv("TORTURE_COUNTER"), *folder = getenv("TORTURE_ROOT"), *how = getenv("TORTURE_HOW");
    if (!file || !folder || !how) return;
    int (*real_open)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
    int descriptor = real_open(file, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return;
    counter = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (counter == MAP_FAILED) { counter = NULL; return; }
    int nobody = 0;
    atomic_compare_exchange_strong(&counter->first, &nobody, getpid());
    snprintf(root, sizeof root, "%s/", folder);
    root_length = strlen(root);
    at = atol(getenv("TORTURE_AT"));
    kill_self = !strcmp(how, "self") || !strcmp(how, "both");
    kill_first = !strcmp(how, "first") || !strcmp(how, "both");
    if (!strncmp(how, "error:", 6)) {
        error = atoi(how + 6);
        for_ever = how[strlen(how) - 1] == '+';
    }
    if (!strncmp(how, "lock:", 5)) lock_error = atoi(how + 5);
}

/* What a call needs; later calls fail by that. */
enum { NOTHING, ROOM, DESCRIPTOR };

/* Nonzero: the call has to fail. */
static int strike(int needs) {
    long call = atomic_fetch_add(&counter->calls, 1) + 1;
    if (!at || call < at || (call > at && !for_ever)) return 0;
    if (for_ever && (error == EMFILE ? needs != DESCRIPTOR : needs == NOTHING)) return 0;
    atomic_store(&counter->struck, getpid());
    if (kill_first) kill(atomic_load(&counter->first), SIGKILL);
    if (kill_self) kill(getpid(), SIGKILL);
    if (!error) return 0;
    errno = error;
    return 1;
}

static int below(const char *path) { return !strncmp(path, root, root_length); }

static int path_strikes(int folder, const char *path, int needs) {
    if (!counter || inside || !path) return 0;
    inside = 1;
    char full[8192] = "";
    int found;
    if (path[0] == '/') {
        found = below(path);
    } else {
        char link[64];
        if (folder == AT_FDCWD) snprintf(link, sizeof link, "/proc/self/cwd");
        else snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
        ssize_t length = readlink(link, full, 4096);
        if (length < 0) length = 0;
        snprintf(full + length, sizeof full - length, "/%s", path);
        found = below(full);
    }
    found = found && strike(needs);
    inside = 0;
    return found;
}

static int is_file_below(int descriptor) {
    char link[64], full[4096];
    struct stat status;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, full, sizeof full - 1);
    full[length < 0 ? 0 : length] = 0;
    return below(full) && !fstat(descriptor, &status) && S_ISREG(status.st_mode);
}

static int file_strikes(int descriptor, int needs) {
    if (!counter || inside) return 0;
    inside = 1;
    int found = is_file_below(descriptor) && strike(needs);
    inside = 0;
    return found;
}

#define REAL(name, type, ...) static type (*real)(__VA_ARGS__); if (!real) real = dlsym(RTLD_NEXT, name)

static const char *instead(const char *path) {
    const char *mounts = getenv("TORTURE_MOUNTS");
    return mounts && !strcmp(path, "/proc/self/mounts") ? mounts : path;
}

#define OPEN(name)                                                                       \
    int name(const char *path, int flags, ...) {                                         \
        REAL(#name, int, const char *, int, ...);                                        \
        va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
        if ((flags & (O_CREAT | O_TRUNC)) && path_strikes(AT_FDCWD, path, DESCRIPTOR)) return -1; \
        return real(instead(path), flags, mode);                                         \
    }
OPEN(open) OPEN(open64)
#define OPENAT(name)                                                                     \
    int name(int folder, const char *path, int flags, ...) {                             \
        REAL(#name, int, int, const char *, int, ...);                                   \
        va_list rest; va_start(rest, flags); int mode = va_arg(rest, int); va_end(rest); \
        if ((flags & (O_CREAT | O_TRUNC)) && path_strikes(folder, path, DESCRIPTOR)) return -1; \
        return real(folder, path, flags, mode);                                          \
    }
OPENAT(openat) OPENAT(openat64)

#define PATH1(needs, name, params, args, folder, path, ...)      \
    int name params {                                     \
        REAL(#name, int, __VA_ARGS__);                    \
        if (path_strikes(folder, path, needs)) return -1; \
        return real args;                                 \
    }
PATH1(NOTHING, rename, (const char *a, const char *b), (a, b), AT_FDCWD, b, const char *, const char *)
PATH1(NOTHING, renameat, (int f, const char *a, int g, const char *b), (f, a, g, b), g, b, int, const char *, int, const char *)
PATH1(NOTHING, renameat2, (int f, const char *a, int g, const char *b, unsigned n), (f, a, g, b, n), g, b, int, const char *, int, const char *, unsigned)
PATH1(NOTHING, unlink, (const char *a), (a), AT_FDCWD, a, const char *)
PATH1(NOTHING, unlinkat, (int f, const char *a, int n), (f, a, n), f, a, int, const char *, int)
PATH1(NOTHING, rmdir, (const char *a), (a), AT_FDCWD, a, const char *)
PATH1(ROOM, mkdir, (const char *a, mode_t m), (a, m), AT_FDCWD, a, const char *, mode_t)
PATH1(ROOM, mkdirat, (int f, const char *a, mode_t m), (f, a, m), f, a, int, const char *, mode_t)
PATH1(ROOM, truncate, (const char *a, off_t n), (a, n), AT_FDCWD, a, const char *, off_t)
PATH1(ROOM, truncate64, (const char *a, off_t n), (a, n), AT_FDCWD, a, const char *, off_t)
PATH1(ROOM, link, (const char *a, const char *b), (a, b), AT_FDCWD, b, const char *, const char *)
PATH1(ROOM, linkat, (int f, const char *a, int g, const char *b, int n), (f, a, g, b, n), g, b, int, const char *, int, const char *, int)
PATH1(ROOM, symlink, (const char *a, const char *b), (a, b), AT_FDCWD, b, const char *, const char *)
PATH1(ROOM, symlinkat, (const char *a, int g, const char *b), (a, g, b), g, b, const char *, int, const char *)
PATH1(NOTHING, chmod, (const char *a, mode_t m), (a, m), AT_FDCWD, a, const char *, mode_t)
PATH1(NOTHING, fchmodat, (int f, const char *a, mode_t m, int n), (f, a, m, n), f, a, int, const char *, mode_t, int)
PATH1(NOTHING, utimensat, (int f, const char *a, const struct timespec t[2], int n), (f, a, t, n), f, a, int, const char *, const struct timespec *, int)

#define FILE1(needs, type, name, params, args, descriptor, ...)  \
    type name params {                                    \
        REAL(#name, type, __VA_ARGS__);                   \
        if (file_strikes(descriptor, needs)) return -1;   \
        return real args;                                 \
    }
FILE1(ROOM, ssize_t, write, (int d, const void *b, size_t n), (d, b, n), d, int, const void *, size_t)
FILE1(ROOM, ssize_t, writev, (int d, const struct iovec *v, int n), (d, v, n), d, int, const struct iovec *, int)
FILE1(ROOM, ssize_t, pwrite, (int d, const void *b, size_t n, off_t o), (d, b, n, o), d, int, const void *, size_t, off_t)
FILE1(ROOM, ssize_t, pwrite64, (int d, const void *b, size_t n, off_t o), (d, b, n, o), d, int, const void *, size_t, off_t)
FILE1(ROOM, ssize_t, pwritev, (int d, const struct iovec *v, int n, off_t o), (d, v, n, o), d, int, const struct iovec *, int, off_t)
FILE1(ROOM, int, ftruncate, (int d, off_t n), (d, n), d, int, off_t)
FILE1(ROOM, int, ftruncate64, (int d, off_t n), (d, n), d, int, off_t)
FILE1(NOTHING, int, fchmod, (int d, mode_t m), (d, m), d, int, mode_t)
FILE1(NOTHING, int, fsync, (int d), (d), d, int)
FILE1(NOTHING, int, fdatasync, (int d), (d), d, int)
FILE1(ROOM, ssize_t, copy_file_range, (int a, off_t *i, int d, off_t *o, size_t n, unsigned f), (a, i, d, o, n, f), d, int, off_t *, int, off_t *, size_t, unsigned)
FILE1(ROOM, ssize_t, sendfile, (int d, int a, off_t *o, size_t n), (d, a, o, n), d, int, int, off_t *, size_t)
FILE1(ROOM, ssize_t, sendfile64, (int d, int a, off_t *o, size_t n), (d, a, o, n), d, int, int, off_t *, size_t)

#define FALLOCATE(name)                                       \
    int name(int descriptor, off_t from, off_t length) {     \
        REAL(#name, int, int, off_t, off_t);                 \
        if (file_strikes(descriptor, ROOM)) return errno;    \
        return real(descriptor, from, length);               \
    }
FALLOCATE(posix_fallocate) FALLOCATE(posix_fallocate64)

#define FICLONE _IOW(0x94, 9, int)
int ioctl(int descriptor, unsigned long request, ...) {
    REAL("ioctl", int, int, unsigned long, ...);
    va_list rest; va_start(rest, request); void *argument = va_arg(rest, void *); va_end(rest);
    if (request == FICLONE && file_strikes(descriptor, ROOM)) return -1;
    return real(descriptor, request, argument);
}

/* (F_OFD_…: the locks of an open file.) */
#define FCNTL(name)                                                                              \
    int name(int descriptor, int command, ...) {                                                 \
        REAL(#name, int, int, int, ...);                                                         \
        va_list rest; va_start(rest, command); void *argument = va_arg(rest, void *); va_end(rest); \
        int locks = command == F_SETLK || command == F_SETLKW || command == F_OFD_SETLK || command == F_OFD_SETLKW; \
        if (lock_error && locks && is_file_below(descriptor)) { errno = lock_error; return -1; } \
        return real(descriptor, command, argument);                                              \
    }
FCNTL(fcntl) FCNTL(fcntl64)

int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL("clock_gettime", int, clockid_t, struct timespec *);
    int failed = real(clock, now);
    if (!failed && clock == CLOCK_REALTIME) now->tv_sec += later;
    return failed;
}
