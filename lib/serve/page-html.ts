/** The page before its scripts run. It contains no data, so nothing in it needs escaping. */

export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">
<rect width="32" height="32" rx="7" fill="#2a66b5"/>
<rect x="6" y="6" width="20" height="13" rx="2" fill="#fff"/>
<path d="M8 17l5-6 4 4 3-3 4 5z" fill="#2a66b5"/>
<path d="M7 23h18M7 27h11" stroke="#fff" stroke-width="2.4" stroke-linecap="round"/>
</svg>`;

export const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>captioner: your own images</title>
<link rel="icon" href="icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="page.css">
<script type="module" src="app.js"></script>
</head>
<body>
<header>
  <h1>captioner</h1>
  <p>Captions of your own images. They stay on this machine and are not saved.</p>
</header>
<noscript><p class="notice">This page needs JavaScript.</p></noscript>
<main>
  <section class="photo" aria-label="Image">
    <label class="drop" id="drop">
      <input type="file" id="file" accept="image/jpeg,image/png,image/webp,image/gif">
      <strong id="invitation">Choose an image, or drop or paste it here</strong>
      <span id="formats">JPEG, PNG, WebP or GIF</span>
    </label>
    <figure id="figure" hidden>
      <div class="canvases" id="canvases" role="img">
        <canvas id="image"></canvas>
        <canvas id="painted"></canvas>
        <canvas id="overlay"></canvas>
      </div>
      <p class="tools">
        <button type="button" id="paint" aria-pressed="false">Paint over a part</button>
        <button type="button" id="show-all" hidden>Show all again</button>
      </p>
      <figcaption>
        <span id="name"></span>
        <span id="about-attention" hidden>
          <span id="explanation"></span>
          <span class="scale" id="scale"><span id="lowest"></span><i></i><span id="highest"></span></span>
        </span>
      </figcaption>
    </figure>
  </section>
  <section class="words" aria-label="Caption">
    <div class="state">
      <p id="status" role="status"></p>
      <progress id="progress" aria-label="Working" hidden></progress>
    </div>
    <p id="error" role="alert" class="notice" hidden></p>
    <div id="result" hidden>
      <p class="field"><label for="method">Map of a word</label><select id="method"></select></p>
      <h2 id="caption-heading">Caption</h2>
      <div id="caption" role="toolbar" aria-labelledby="caption-heading" aria-describedby="hint"></div>
      <p id="before" class="quiet"></p>
      <p id="hint" class="quiet"></p>
      <fieldset id="hypotheses"><legend>All hypotheses</legend><div id="list"></div></fieldset>
      <p class="quiet">The percentages are probabilities of whole sentences, so they are small. The search ranks by score: the logarithm of the probability, divided by a power of the length.</p>
    </div>
    <form id="settings" autocomplete="off">
      <p class="field run"><label for="run">Run</label><select id="run"></select></p>
      <div id="first-option"></div>
      <details id="more" hidden><summary>More search options</summary><div id="more-options"></div></details>
    </form>
    <p id="announcement" class="unseen" aria-live="polite"></p>
  </section>
</main>
</body>
</html>
`;
