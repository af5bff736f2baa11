// For other sites: <a href="…/webinars/SLUG?src=blog" data-webinars>…</a>, then this script. It puts the dates in place
// of the link, in a frame as high as they are. Without it, and until the dates are there, the link stays.
"use strict";
(() => {
  const { origin } = new URL(document.currentScript.src);
  for (const link of document.querySelectorAll("a[data-webinars]")) {
    const address = new URL(link.href);
    if (address.origin !== origin) continue;
    address.pathname = `/embed${address.pathname}`;
    address.searchParams.set("page", location.origin + location.pathname);
    const frame = document.createElement("iframe");
    frame.src = address;
    frame.title = link.textContent.trim();
    Object.assign(frame.style, { display: "block", width: "100%", height: "0", border: "0" });
    addEventListener("message", ({ origin: from, source, data }) => {
      const height = Number(data?.webinars?.height);
      if (from !== origin || source !== frame.contentWindow || !(height > 0)) return;
      frame.style.height = `${Math.min(Math.ceil(height), 20000)}px`;
      link.style.display = "none";
    });
    link.after(frame);
  }
})();
