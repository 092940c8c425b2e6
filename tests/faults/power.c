/* Writes down what a process does to SQLite's files, in order, for tests/faults/power.py: loaded with LD_PRELOAD.
   A record is kind, inode, offset, length and that many bytes. The log of a killed process is complete: one write each. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FILES 65536

static char watched[FILES]; /* by descriptor: 1 a file of the database, 2 its folder */
static int record = -1;
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void note(char kind, uint64_t file, uint64_t offset, const void *bytes, uint64_t length) {
  uint64_t head[4] = {(uint64_t)kind, file, offset, length};
  struct iovec parts[2] = {{head, sizeof head}, {(void *)bytes, length}};
  if (record >= 0 && writev(record, parts, 2) < 0) abort();
}

static uint64_t inode(int fd) {
  struct stat found;
  return fstat(fd, &found) ? 0 : found.st_ino;
}

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("POWER_LOG");
  if (path) record = NEXT(open64)(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  pthread_mutex_lock(&turn);
  int fd = NEXT(open64)(path, flags, mode);
  const char *folder = getenv("POWER_FOLDER"), *name = strrchr(path, '/');
  if (fd >= 0 && fd < FILES) {
    watched[fd] = 0;
    if (folder && !strcmp(path, folder)) watched[fd] = 2;
    else if (name && !strncmp(name, "/klatch.sqlite3", 15) && !strstr(name, "-shm")) watched[fd] = 1;
    if (watched[fd] == 1) note('O', inode(fd), 0, name + 1, strlen(name + 1));
  }
  pthread_mutex_unlock(&turn);
  return fd;
}

ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  if (fd < 0 || fd >= FILES || watched[fd] != 1) return NEXT(pwrite64)(fd, bytes, length, offset);
  pthread_mutex_lock(&turn);
  ssize_t done = NEXT(pwrite64)(fd, bytes, length, offset);
  if (done > 0) note('W', inode(fd), offset, bytes, done);
  pthread_mutex_unlock(&turn);
  return done;
}

int ftruncate64(int fd, off64_t length) {
  if (fd < 0 || fd >= FILES || watched[fd] != 1) return NEXT(ftruncate64)(fd, length);
  pthread_mutex_lock(&turn);
  int failed = NEXT(ftruncate64)(fd, length);
  if (!failed) note('T', inode(fd), length, "", 0);
  pthread_mutex_unlock(&turn);
  return failed;
}

static int synced(int fd, int (*sync)(int)) {
  if (fd < 0 || fd >= FILES || !watched[fd]) return sync(fd);
  pthread_mutex_lock(&turn);
  int failed = sync(fd);
  if (!failed) note(watched[fd] == 1 ? 'S' : 'D', inode(fd), 0, "", 0);
  pthread_mutex_unlock(&turn);
  return failed;
}

int fsync(int fd) { return synced(fd, NEXT(fsync)); }
int fdatasync(int fd) { return synced(fd, NEXT(fdatasync)); }

int close(int fd) {
  if (fd >= 0 && fd < FILES) watched[fd] = 0;
  return NEXT(close)(fd);
}

int unlink(const char *path) {
  const char *name = strrchr(path, '/');
  pthread_mutex_lock(&turn);
  int failed = NEXT(unlink)(path);
  if (!failed && name && !strncmp(name, "/klatch.sqlite3", 15) && !strstr(name, "-shm"))
    note('U', 0, 0, name + 1, strlen(name + 1));
  pthread_mutex_unlock(&turn);
  return failed;
}
