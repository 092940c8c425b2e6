/* Buttons that copy the text beside them, and fields that select themselves. Without it the text can still be taken by hand. */
for (const button of document.querySelectorAll("button[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const word = button.textContent;
  field.addEventListener("focus", () => field.select());
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      // Plain http has no clipboard of its own; the old way still does.
      field.select();
      if (!document.execCommand("copy")) return;
    }
    button.textContent = button.dataset.done;
    button.parentElement.querySelector("[role=status]").textContent = button.dataset.done;
    setTimeout(() => {
      button.textContent = word;
    }, 2000);
  });
}
