/* Writes down what a program does to the files below a directory, and what it sends, in one order.
 *
 *     cc -shared -fPIC -o recorder.so recorder.c -ldl -lpthread
 *     POWER_ROOT=/some/directory POWER_LOG=/some/file LD_PRELOAD=./recorder.so PROGRAM
 *
 * A record is a kind (one byte), an id (an inode or the number of a socket) and an offset of 8 bytes each, the lengths
 * of two strings of 4 bytes each, and the strings; recording.py reads them. Syncs are written down and not done. A call
 * that changes files in a way that is not written down ends the program.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))

enum kind {
    OPENED = 'o', CREATED = 'c', WRITTEN = 'w', TRUNCATED = 't', SYNCED = 's', DIRECTORY_SYNCED = 'd', RENAMED = 'r',
    UNLINKED = 'u', DIRECTORY_MADE = 'm', DIRECTORY_REMOVED = 'x', LINKED = 'l', SENT = 'n',
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_length;
static int journal = -1;
static sigset_t signals; /* those that were blocked before */

static void *real(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) abort();
    return found;
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("POWER_LOG");
    root = getenv("POWER_ROOT");
    if (root == NULL || path == NULL) abort();
    root_length = strlen(root);
    int opened = REAL(open)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    journal = fcntl(opened, F_DUPFD_CLOEXEC, 500);
    if (journal < 0) abort();
    REAL(close)(opened);
}

/* Nobody else, in this process or another, does or writes down anything until leave(); nor do handlers of signals. */
static void enter(void) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_mutex_lock(&mutex);
    signals = before;
    while (flock(journal, LOCK_EX) != 0)
        if (errno != EINTR) abort();
}

static void leave(void) {
    int before = errno;
    sigset_t own = signals;
    flock(journal, LOCK_UN);
    pthread_mutex_unlock(&mutex);
    pthread_sigmask(SIG_SETMASK, &own, NULL);
    errno = before;
}

static void record(enum kind kind, uint64_t id, int64_t offset, const void *first, size_t length, const char *second) {
    int before = errno;
    uint32_t lengths[2] = { length, second ? strlen(second) : 0 };
    uint8_t head[25];
    head[0] = kind;
    memcpy(head + 1, &id, 8);
    memcpy(head + 9, &offset, 8);
    memcpy(head + 17, lengths, 8);
    struct iovec parts[3] = { { head, sizeof head }, { (void *)first, length }, { (void *)second, lengths[1] } };
    if (REAL(writev)(journal, parts, 3) != (ssize_t)(sizeof head + length + lengths[1])) abort();
    errno = before;
}

static bool below(const char *path) {
    return strncmp(path, root, root_length) == 0 && (path[root_length] == '/' || path[root_length] == 0);
}

/* Where a file is that a descriptor is of: "socket:[17]" if it is a socket. */
static void place(int descriptor, char *path) {
    char link[32];
    int before = errno;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    errno = before;
}

static bool is_ours(int descriptor) {
    char path[PATH_MAX];
    place(descriptor, path);
    return below(path);
}

static uint64_t inode(int descriptor) {
    struct stat status;
    int before = errno;
    if (fstat(descriptor, &status) != 0) abort();
    errno = before;
    return status.st_ino;
}

/* Find the whole path, without links in the directories; tell whether it is below the root. */
static bool whole(int directory, const char *path, char *found) {
    char joined[2 * PATH_MAX], folder[PATH_MAX];
    int before = errno;
    folder[0] = 0;
    if (path[0] != '/') {
        if (directory != AT_FDCWD) place(directory, folder);
        else if (getcwd(folder, sizeof folder) == NULL) return false;
    }
    snprintf(joined, sizeof joined, "%s/%s", folder, path);
    for (size_t end = strlen(joined); end > 1 && joined[end - 1] == '/'; end--) joined[end - 1] = 0;
    char *slash = strrchr(joined, '/');
    *slash = 0;
    bool there = realpath(joined[0] ? joined : "/", found) != NULL;
    errno = before;
    if (!there || strlen(found) + strlen(slash + 1) + 2 > PATH_MAX) return false;
    strcat(found, "/");
    strcat(found, slash + 1);
    return below(found);
}

static void refuse(const char *what) {
    fprintf(stderr, "the recorder does not know how to write down %s\n", what);
    abort();
}

/* -- names */

static int opening(int directory, const char *path, int flags, mode_t mode) {
    char found[PATH_MAX];
    if (journal < 0 || !whole(directory, path, found)) return REAL(openat64)(directory, path, flags, mode);
    if ((flags & O_TMPFILE) == O_TMPFILE) refuse("files without names");
    enter();
    struct stat status;
    int before = errno;
    bool is_new = lstat(found, &status) != 0;
    errno = before;
    int opened = REAL(openat64)(directory, path, flags, mode);
    if (opened >= 0 && fstat(opened, &status) == 0 && S_ISREG(status.st_mode)) {
        record(is_new ? CREATED : OPENED, inode(opened), 0, found, strlen(found), NULL);
        if (!is_new && flags & O_TRUNC) record(TRUNCATED, inode(opened), 0, NULL, 0, NULL);
    }
    leave();
    return opened;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = va_arg(rest, mode_t); \
        va_end(rest); \
        return opening(AT_FDCWD, path, flags, mode); \
    }
#define OPENAT(name) \
    int name(int directory, const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = va_arg(rest, mode_t); \
        va_end(rest); \
        return opening(directory, path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)
int __open_2(const char *path, int flags) { return opening(AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opening(AT_FDCWD, path, flags, 0); }
int __openat_2(int directory, const char *path, int flags) { return opening(directory, path, flags, 0); }
int __openat64_2(int directory, const char *path, int flags) { return opening(directory, path, flags, 0); }
int creat(const char *path, mode_t mode) { return opening(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

static int named(enum kind kind, int directory, const char *path, int result) {
    char found[PATH_MAX];
    if (result == 0 && whole(directory, path, found)) record(kind, 0, 0, found, strlen(found), NULL);
    leave();
    return result;
}

int unlink(const char *path) { enter(); return named(UNLINKED, AT_FDCWD, path, REAL(unlink)(path)); }
int rmdir(const char *path) { enter(); return named(DIRECTORY_REMOVED, AT_FDCWD, path, REAL(rmdir)(path)); }
int mkdir(const char *path, mode_t mode) { enter(); return named(DIRECTORY_MADE, AT_FDCWD, path, REAL(mkdir)(path, mode)); }
int mkdirat(int at, const char *path, mode_t mode) {
    enter();
    return named(DIRECTORY_MADE, at, path, REAL(mkdirat)(at, path, mode));
}
int unlinkat(int at, const char *path, int flags) {
    enter();
    return named(flags & AT_REMOVEDIR ? DIRECTORY_REMOVED : UNLINKED, at, path, REAL(unlinkat)(at, path, flags));
}

static int two(enum kind kind, int one, const char *old, int other, const char *new, int result) {
    char from[PATH_MAX], to[PATH_MAX];
    if (result == 0) {
        bool comes = whole(one, old, from), goes = whole(other, new, to);
        if (comes != goes) refuse("a file that comes or goes");
        if (comes) record(kind, 0, 0, from, strlen(from), to);
    }
    leave();
    return result;
}

int rename(const char *old, const char *new) {
    enter();
    return two(RENAMED, AT_FDCWD, old, AT_FDCWD, new, REAL(rename)(old, new));
}
int renameat(int one, const char *old, int other, const char *new) {
    enter();
    return two(RENAMED, one, old, other, new, REAL(renameat)(one, old, other, new));
}
int link(const char *old, const char *new) {
    enter();
    return two(LINKED, AT_FDCWD, old, AT_FDCWD, new, REAL(link)(old, new));
}
int linkat(int one, const char *old, int other, const char *new, int flags) {
    enter();
    return two(LINKED, one, old, other, new, REAL(linkat)(one, old, other, new, flags));
}
int renameat2(int one, const char *old, int other, const char *new, unsigned flags) {
    char found[PATH_MAX];
    if (flags && whole(one, old, found)) refuse("an exchange of names");
    enter();
    return two(RENAMED, one, old, other, new, REAL(renameat2)(one, old, other, new, flags));
}

/* -- contents */

static ssize_t written(int descriptor, const struct iovec *parts, int count, off64_t offset, ssize_t done) {
    char path[PATH_MAX];
    place(descriptor, path);
    bool ours = below(path);
    if (done > 0 && (ours || strncmp(path, "socket:", 7) == 0 || (descriptor == 1 && strncmp(path, "pipe:", 5) == 0))) {
        char *data = malloc(done);
        size_t copied = 0;
        for (int number = 0; number < count && copied < (size_t)done; number++) {
            size_t some = parts[number].iov_len;
            if (some > done - copied) some = done - copied;
            memcpy(data + copied, parts[number].iov_base, some);
            copied += some;
        }
        if (ours && offset < 0) offset = lseek64(descriptor, 0, SEEK_CUR) - done;
        record(ours ? WRITTEN : SENT, inode(descriptor), ours ? offset : 0, data, done, NULL);
        free(data);
    }
    leave();
    return done;
}

ssize_t write(int descriptor, const void *data, size_t length) {
    struct iovec part = { (void *)data, length };
    enter();
    return written(descriptor, &part, 1, -1, REAL(write)(descriptor, data, length));
}
ssize_t pwrite64(int descriptor, const void *data, size_t length, off64_t offset) {
    struct iovec part = { (void *)data, length };
    enter();
    return written(descriptor, &part, 1, offset, REAL(pwrite64)(descriptor, data, length, offset));
}
ssize_t pwrite(int descriptor, const void *data, size_t length, off_t offset) {
    return pwrite64(descriptor, data, length, offset);
}
ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    enter();
    return written(descriptor, parts, count, -1, REAL(writev)(descriptor, parts, count));
}
ssize_t send(int descriptor, const void *data, size_t length, int flags) {
    struct iovec part = { (void *)data, length };
    enter();
    return written(descriptor, &part, 1, -1, REAL(send)(descriptor, data, length, flags));
}
ssize_t sendto(int descriptor, const void *data, size_t length, int flags, const struct sockaddr *to, socklen_t size) {
    struct iovec part = { (void *)data, length };
    enter();
    return written(descriptor, &part, 1, -1, REAL(sendto)(descriptor, data, length, flags, to, size));
}
ssize_t sendmsg(int descriptor, const struct msghdr *message, int flags) {
    enter();
    return written(descriptor, message->msg_iov, message->msg_iovlen, -1, REAL(sendmsg)(descriptor, message, flags));
}

int ftruncate64(int descriptor, off64_t length) {
    enter();
    int result = REAL(ftruncate64)(descriptor, length);
    if (result == 0 && is_ours(descriptor)) record(TRUNCATED, inode(descriptor), length, NULL, 0, NULL);
    leave();
    return result;
}
int ftruncate(int descriptor, off_t length) { return ftruncate64(descriptor, length); }

int fsync(int descriptor) {
    char path[PATH_MAX];
    struct stat status;
    place(descriptor, path);
    if (!below(path)) return REAL(fsync)(descriptor);
    enter();
    if (fstat(descriptor, &status) != 0) abort();
    bool directory = S_ISDIR(status.st_mode);
    record(directory ? DIRECTORY_SYNCED : SYNCED, status.st_ino, 0, path, strlen(path), NULL);
    leave();
    return 0;
}
int fdatasync(int descriptor) { return fsync(descriptor); }

/* -- what is not written down */

void *mmap64(void *address, size_t length, int protection, int flags, int descriptor, off64_t offset) {
    char path[PATH_MAX];
    if (journal >= 0 && descriptor >= 0 && flags & MAP_SHARED && protection & PROT_WRITE) {
        place(descriptor, path);
        const char *end = strrchr(path, '-');
        /* The index of SQLite's write-ahead log is made anew after a power failure. */
        if (below(path) && (end == NULL || strcmp(end, "-shm") != 0)) refuse("a file in memory");
    }
    return REAL(mmap64)(address, length, protection, flags, descriptor, offset);
}
void *mmap(void *address, size_t length, int protection, int flags, int descriptor, off_t offset) {
    return mmap64(address, length, protection, flags, descriptor, offset);
}

#define REFUSED(name, result, descriptor, parameters, arguments) \
    result name parameters { \
        if (is_ours(descriptor)) refuse(#name); \
        return REAL(name) arguments; \
    }
REFUSED(fallocate64, int, descriptor, (int descriptor, int mode, off64_t offset, off64_t length),
        (descriptor, mode, offset, length))
REFUSED(posix_fallocate64, int, descriptor, (int descriptor, off64_t offset, off64_t length),
        (descriptor, offset, length))
REFUSED(posix_fallocate, int, descriptor, (int descriptor, off_t offset, off_t length), (descriptor, offset, length))
REFUSED(pwritev64, ssize_t, descriptor, (int descriptor, const struct iovec *parts, int count, off64_t offset),
        (descriptor, parts, count, offset))
REFUSED(pwritev64v2, ssize_t, descriptor,
        (int descriptor, const struct iovec *parts, int count, off64_t offset, int flags),
        (descriptor, parts, count, offset, flags))
REFUSED(copy_file_range, ssize_t, out,
        (int in, off64_t *from, int out, off64_t *to, size_t length, unsigned flags),
        (in, from, out, to, length, flags))

/* Programs then read and write instead. */
ssize_t sendfile64(int out, int in, off64_t *offset, size_t length) {
    if (is_ours(out)) {
        errno = EINVAL;
        return -1;
    }
    return REAL(sendfile64)(out, in, offset, length);
}
ssize_t sendfile(int out, int in, off_t *offset, size_t length) { return sendfile64(out, in, offset, length); }
