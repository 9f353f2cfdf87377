-- What a person does in Neovim, with what Neovim has: opens a file, reads what is wrong, takes a fix,
-- reads which stages are fresh, runs one. Prints what there was to see as JSON, one line a step, and quits.

local function say(step, value)
  io.stdout:write(vim.json.encode({ step = step, value = value }) .. "\n")
  io.stdout:flush()
end

local function wait(what, condition)
  if not vim.wait(tonumber(vim.env.PROBE_WAIT_MS), condition, 20) then
    say("failed", "waited in vain for " .. what)
    vim.cmd("cquit")
  end
end

local buffer = vim.api.nvim_get_current_buf()
local client = vim.lsp.start({
  name = "pivot",
  cmd = vim.json.decode(vim.env.PROBE_SERVER),
  root_dir = vim.fn.getcwd(),
})

local function messages()
  local found = {}
  for _, one in ipairs(vim.diagnostic.get(buffer)) do
    table.insert(found, { line = one.lnum + 1, code = one.code, message = one.message })
  end
  return found
end

local function lenses()
  local found = {}
  for _, one in ipairs(vim.lsp.codelens.get(buffer)) do
    if one.command then
      table.insert(found, { line = one.range.start.line + 1, title = one.command.title, command = one.command.command })
    end
  end
  return found
end

local function shows(text)
  return function()
    for _, one in ipairs(lenses()) do
      if one.title:find(text, 1, true) then
        return true
      end
    end
    vim.lsp.codelens.refresh({ bufnr = buffer })
    return false
  end
end

wait("the server", function()
  local found = vim.lsp.get_client_by_id(client)
  return found ~= nil and found.initialized
end)
wait("diagnostics", function() return #messages() > 0 end)
say("diagnostics", messages())
vim.api.nvim_win_set_cursor(0, { messages()[1].line, 0 })
vim.lsp.buf.code_action({ apply = true, filter = function(action) return action.isPreferred end })
wait("the fix", function() return #messages() == 0 end)
say("fixed", table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n"))
vim.cmd("silent write")
wait("lenses", shows("never run"))
say("lenses", lenses())

for _, one in ipairs(vim.lsp.codelens.get(buffer)) do
  if one.command and one.command.title:find("Run", 1, true) then
    vim.lsp.get_client_by_id(client):exec_cmd(one.command, { bufnr = buffer })
    break
  end
end
wait("the run", shows("fresh"))
say("ran", lenses())
vim.cmd("qall!")
