// The console is not part of this build yet.
document.documentElement.dataset.loaded = 'true';
