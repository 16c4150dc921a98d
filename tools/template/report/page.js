(() => {
  const root = document.documentElement;
  const all = (selector) => [...document.querySelectorAll(selector)];
  const store = (key, value) => {
    try {
      if (value) localStorage.setItem(key, value);
      else localStorage.removeItem(key);
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  };
  const stored = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };

  // Code: the style sheet hides it where the box is ticked; here the choice is kept for the next report.
  const box = document.getElementById('hide-code');
  const hideCode = () => root.classList.toggle('code-hidden', box.checked);
  box.checked = stored('captioner-hide-code') === 'yes';
  box.addEventListener('change', () => {
    hideCode();
    store('captioner-hide-code', box.checked && 'yes');
  });
  hideCode();

  // Charts, in the colours of the theme.
  const system = matchMedia('(prefers-color-scheme: dark)');
  const ink = () =>
    (root.dataset.theme ?? (system.matches ? 'dark' : 'light')) === 'dark' ? '#b4bdc9' : '#4b5563';
  const plots = typeof Plotly === 'undefined' ? [] : all('.plot');
  for (const plot of plots) {
    const {data, layout = {}, config} = JSON.parse(plot.querySelector('script').textContent);
    plot.style.minHeight = `${layout.height ?? 360}px`;
    plot.parentElement.classList.add('drawn');
    Plotly.newPlot(
      plot,
      data,
      {...layout, font: {...layout.font, color: ink()}},
      {...config, responsive: true, displaylogo: false},
    );
  }
  const recolour = () => plots.forEach((plot) => Plotly.relayout(plot, {'font.color': ink()}));
  system.addEventListener('change', recolour);

  const select = document.getElementById('theme');
  select.closest('label').hidden = false;
  select.value = root.dataset.theme ?? '';
  select.addEventListener('change', () => {
    if (select.value) root.dataset.theme = select.value;
    else delete root.dataset.theme;
    store('captioner-theme', select.value);
    recolour();
  });

  // Outputs wider than the page scroll, also with the keyboard, and say so.
  const own = '.jp-OutputArea-output [style*="overflow-x:auto"]'; // of a table
  const scrollers = all(`.jp-OutputArea-output:not(.figure), .scroll, ${own}`);
  const measure = () => {
    for (const scroller of scrollers) {
      const wide = scroller.scrollWidth > scroller.clientWidth + 1;
      scroller.classList.toggle('wide', wide);
      const attributes = {'tabindex': '0', 'role': 'region', 'aria-label': 'Scrolls sideways'};
      for (const [name, value] of Object.entries(attributes))
        if (wide) scroller.setAttribute(name, value);
        else scroller.removeAttribute(name);
    }
  };
  addEventListener('resize', measure);
  addEventListener('load', measure);
  measure();

  // Contents: folds away when a heading was chosen, and marks the one that is being read.
  const folded = document.querySelector('details.contents');
  folded.addEventListener('click', (event) => {
    if (event.target.closest('a')) folded.open = false;
  });
  document.addEventListener('click', (event) => {
    if (!folded.contains(event.target)) folded.open = false;
  });
  const links = all('nav.contents a');
  const headings = links.map((link) => document.getElementById(decodeURIComponent(link.hash.slice(1))));
  const mark = () => {
    const end = innerHeight + scrollY > root.scrollHeight - 4;
    const above = (heading) => heading && heading.getBoundingClientRect().top < (end ? innerHeight : 140);
    const passed = headings.filter(above).length;
    links.forEach((link, at) => {
      if (at === passed - 1) link.setAttribute('aria-current', 'true');
      else link.removeAttribute('aria-current');
    });
  };
  addEventListener('scroll', mark, {passive: true});
  mark();
})();
