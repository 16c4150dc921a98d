// Runs before anything is drawn, so that a chosen theme doesn't flash.
try {
  const theme = localStorage.getItem('captioner-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Without storage the theme is the system's.
}
